// Writes what the page loads besides itself: the compiler with the script that runs it, and the examples.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const [wasm, worker, engine, examples] = process.argv.slice(2);

// Compressed here, for a server that does not compress; the page unpacks it.
const code = gzipSync(readFileSync(wasm), { level: 9 }).toString('base64');
writeFileSync(engine, `const ENGINE = ${JSON.stringify(code)};\nconst WORKER = ${JSON.stringify(readFileSync(worker, 'utf8'))};\n`);

const files = {};
for (const folder of ['', 'ablations', 'own']) {
  for (const name of readdirSync(join('examples', folder)).sort()) {
    if (name.endsWith('.term')) {
      const path = folder ? `${folder}/${name}` : name;
      files[path] = readFileSync(join('examples', path), 'utf8');
    }
  }
}
writeFileSync(examples, `const EXAMPLES = ${JSON.stringify(files)};\n`);
