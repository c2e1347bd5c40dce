// Does what a line of JSON on standard input says with sharp, and answers with
// the CPU time this process spent on it, in seconds.
const { createRequire } = require('node:module')
const fs = require('node:fs')
const sharp = createRequire(process.argv[1] + '/')('sharp')
sharp.cache(false)
sharp.concurrency(1)
const photo = fs.readFileSync(process.argv[2])

const inside = (side) => sharp(photo).rotate().resize(side, side, { fit: 'inside', kernel: 'lanczos3', withoutEnlargement: true })
const jobs = {
  thumb: () => inside(416).removeAlpha().raw().toBuffer(),
  copy: () => inside(1024).jpeg({ quality: 85 }).toBuffer(),
  both: async () => [await jobs.thumb(), await jobs.copy()],
}

require('node:readline').createInterface({ input: process.stdin }).on('line', async (line) => {
  const before = process.cpuUsage()
  await jobs[line]()
  const used = process.cpuUsage(before)
  console.log((used.user + used.system) / 1e6)
})
