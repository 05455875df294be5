// The summary as a table: block calls as headings, their values below them.

const number = (n) => (n === 0 ? '' : n.toLocaleString('en'));

function row(kind, cells) {
  const tr = document.createElement('tr');
  tr.className = kind;
  for (const text of cells) {
    const td = document.createElement('td');
    td.textContent = text;
    tr.append(td);
  }
  return tr;
}

export function showSummary(parent, summary) {
  const table = document.createElement('table');
  const head = table.createTHead().insertRow();
  for (const text of ['Value', 'Shape', 'Parameters', 'Multiply-adds', 'Operation']) {
    const th = document.createElement('th');
    th.textContent = text;
    th.scope = 'col';
    head.append(th);
  }
  const body = table.createTBody();
  const starts = new Map();
  for (const call of summary.root.calls) {
    starts.set(call.first, call);
  }
  summary.nodes.forEach((node, i) => {
    const call = starts.get(i);
    if (call) {
      const adds = call.cost.multiply_adds + call.cost.fixed_multiply_adds;
      body.append(row('block', [call.path, call.shape, number(call.fast_parameters + call.slow_parameters), number(adds), call.block]));
    }
    const adds = node.cost.multiply_adds + node.cost.fixed_multiply_adds;
    body.append(row('value', [node.path, node.shape, number(node.fast_parameters + node.slow_parameters), number(adds), node.operation]));
  });
  const top = parent.scrollTop;
  parent.replaceChildren(table);
  parent.scrollTop = top;
}
