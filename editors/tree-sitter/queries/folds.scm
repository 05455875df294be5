[
  (body)
  (arm)
  (list)
  (arguments)
  (parameters)
] @fold
