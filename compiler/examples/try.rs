use termc_compiler::*;
use termc_compiler::diagnostics::{render, Style};
struct F(std::path::PathBuf);
impl Files for F { fn read(&self, p: &str) -> Result<String, String> { std::fs::read_to_string(self.0.join(p)).map_err(|e| e.to_string()) } }
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let path = std::path::Path::new(&a[1]);
    let text = std::fs::read_to_string(path).unwrap();
    let files = F(path.parent().unwrap().to_owned());
    let mut o = Options::default();
    let mut what = "sum";
    for x in &a[2..] { if let Some(m) = x.strip_prefix("-m") { o.model = Some(m.into()) } else if x.starts_with("--") { what = Box::leak(x[2..].to_owned().into_boxed_str()); } else { o.sets.push(x.clone()) } }
    let t = std::time::Instant::now();
    let c = compile(&a[1], &text, &o, &files);
    let t = t.elapsed();
    let t1 = std::time::Instant::now();
    if what == "time" { for _ in 0..20 { compile(&a[1], &text, &o, &files); } }
    let t1 = t1.elapsed() / 10;
    print!("{}", render(&c.sources, &c.diagnostics, Style::default()));
    if let Some(m) = &c.model {
        match what {
            "source" => print!("{}", m.source),
            "nodes" => for n in &m.nodes { println!("{} {} {:?}", n.path, n.shape, n.op) },
            "prims" => for n in &m.primitives().nodes { println!("{} {} {:?}", n.path, n.shape, n.op) },
            "params" => for p in &m.params { println!("{} {:?} {:?} {:?} {:?}", p.path, p.shape, p.init, p.penalty, p.kind) },
            "dump" => print!("{}", dump(m)),
            _ => println!("{}: {} params {} tensors {} prims {} lowered {} classes {:?} {:?}", m.name, m.parameter_count(), m.params.len(), m.primitives().nodes.len(), m.nodes.len(), m.classes, t, t1),
        }
    }
}
