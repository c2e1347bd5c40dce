// Answers questions about pictures, one JSON object a line, with libvips by way
// of sharp: what the pixels are, as a hash; what a viewer shows, as 32x32 pixels,
// upright and in sRGB; and strips a file as sharp does.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { resolve } from 'node:path';

const require = createRequire(resolve(process.argv.at(-1), 'package.json'));
const sharp = require('sharp');
sharp.cache(false);
sharp.concurrency(1);

async function look(path) {
  const raw = await sharp(path, { pages: -1, limitInputPixels: 1e8 }).raw().toBuffer({ resolveWithObject: true });
  const i = raw.info;
  const hash = createHash('sha256').update(`${i.width} ${i.height} ${i.channels}`).update(raw.data).digest('hex');
  const meta = await sharp(path).metadata();
  const shown = await sharp(path, { limitInputPixels: 1e8 }).rotate().toColourspace('srgb').flatten({ background: '#808080' })
    .resize(32, 32, { fit: 'fill' }).removeAlpha().raw().toBuffer();
  const turned = (meta.orientation || 1) >= 5;
  return {
    ok: true, hash, orientation: meta.orientation || 1, icc: meta.icc ? meta.icc.length : 0,
    wide: turned ? meta.height : meta.width, high: turned ? meta.width : meta.height, shown: shown.toString('base64'),
  };
}

async function strip(q) {
  let s = sharp(q.in, { animated: true, limitInputPixels: 1e8 });
  if (q.rotate) s = s.rotate();
  await s.toFile(q.out);
  return { ok: true };
}

for await (const line of createInterface({ input: process.stdin })) {
  const q = JSON.parse(line);
  let answer;
  try {
    answer = q.do === 'strip' ? await strip(q) : await look(q.in);
  } catch {
    answer = { ok: false };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
