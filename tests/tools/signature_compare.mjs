// signature_compare.mjs REQUESTS WANTED OURS: compares what sign_request has made with what was wanted, field by field, and
// prints how many of each kind agree.
import fs from 'node:fs';

const [requests, wanted, ours] = process.argv.slice(2).map((file) =>
  fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)));
if (wanted.length !== requests.length || ours.length !== requests.length) throw new Error('not as many lines in each file');

const sorted = (pairs) => pairs.map(([name, value]) => `${name.toLowerCase()}: ${value}`).sort();
const counts = {};
let wrong = 0;

function expect(what, i, is, should) {
  if (JSON.stringify(is) === JSON.stringify(should)) return;
  wrong += 1;
  if (wrong > 5) return;
  console.error(`${what} of request ${i}:\n  is     ${JSON.stringify(is)}\n  should ${JSON.stringify(should)}\n  request ${JSON.stringify(requests[i])}`);
}

requests.forEach((request, i) => {
  const want = wanted[i];
  const is = ours[i];
  counts[request.scheme] = (counts[request.scheme] ?? 0) + 1;
  if (want.headers) expect('headers', i, sorted(is.headers), sorted(want.headers));
  if (want.authorization) expect('authorization', i, is.headers.find(([name]) => name === 'Authorization')[1], want.authorization);
  // ali-oss leaves !'()* as they are; to the server they are the same.
  if (want.path) expect('path', i, decodeURIComponent(is.target.split('?')[0]), decodeURIComponent(want.path));
  if (want.target) expect('target', i, is.target, want.target);
  if (want.query) {
    const query = is.url.split('?')[1].split('&').map((pair) => pair.split('=').map(decodeURIComponent));
    expect('query', i, sorted(query), sorted(Object.entries(want.query)));
    expect('address', i, is.url.split('/?')[0], `https://${request.host}`);
    expect('method', i, is.method, 'POST');
  }
});

console.log(Object.entries(counts).map(([scheme, count]) => `${scheme} ${count}`).join(', '));
process.exit(wrong ? 1 : 0);
