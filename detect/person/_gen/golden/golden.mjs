// Runs one ONNX model in ONNX Runtime on given float32 tensors.
//
//   node golden.mjs MODULES MODEL OUT INPUT...
//
// MODULES is the folder in which npm installed onnxruntime-node. Each INPUT is
// a file of float32, little-endian, in the shape of the model's only input.
// Output NAME of input number i goes to OUT/i.NAME.f32 in the same form, and
// standard output gets {"runtime", "outputs": [{"name", "shape"}]}.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const [modules, model, out, ...inputs] = process.argv.slice(2);
const load = createRequire(path.resolve(modules, 'from-here.js'));
const ort = load('onnxruntime-node');
const { version } = load('onnxruntime-node/package.json');

// One thread, so that sums are always taken in the same order.
const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
const [{ name, shape }] = session.inputMetadata;

const floats = (file) => {
  const b = fs.readFileSync(file);
  return new Float32Array(b.buffer.slice(b.byteOffset, b.byteOffset + b.length));
};

let outputs;
for (const [i, file] of inputs.entries()) {
  const got = await session.run({ [name]: new ort.Tensor('float32', floats(file), shape) });
  outputs = session.outputNames.map((n) => ({ name: n, shape: got[n].dims }));
  for (const n of session.outputNames) {
    const d = got[n].data;
    fs.writeFileSync(path.join(out, `${i}.${n}.f32`), Buffer.from(d.buffer, d.byteOffset, d.byteLength));
  }
}
console.log(JSON.stringify({ runtime: `onnxruntime-node ${version}`, outputs }));
