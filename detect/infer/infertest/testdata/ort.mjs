// Runs models with ONNX Runtime: one JSON object a line in, one out.
//
//	{"name","model":base64,"inputs":{name:{"type","shape","data":base64}},"fetch":[name]}
//	{"name","outputs":{name:{"type","shape","data":base64}}} or {"name","error"}
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(process.argv[2] + "/");
const ort = require("onnxruntime-node");

const arrays = {
  float32: Float32Array, float64: Float64Array, int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array,
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array, bool: Uint8Array,
};

const bytes = (s) => new Uint8Array(Buffer.from(s, "base64")); // a copy, aligned

async function run({ name, model, inputs, fetch }) {
  try {
    const session = await ort.InferenceSession.create(bytes(model), {
      executionProviders: ["cpu"], intraOpNumThreads: 1, interOpNumThreads: 1, graphOptimizationLevel: "basic", logSeverityLevel: 4,
    });
    const feeds = {};
    for (const [key, { type, shape, data }] of Object.entries(inputs)) {
      feeds[key] = new ort.Tensor(type, new arrays[type](bytes(data).buffer), shape);
    }
    const answer = await session.run(feeds, fetch);
    const outputs = {};
    for (const key of fetch) {
      const { type, dims, data } = answer[key];
      outputs[key] = { type, shape: [...dims], data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64") };
    }
    await session.release();
    return { name, outputs };
  } catch (e) {
    return { name, error: String(e.message) };
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (line) process.stdout.write(JSON.stringify(await run(JSON.parse(line))) + "\n");
}
