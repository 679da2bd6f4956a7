// signature_oracle.mjs MODULES SEED COUNT REQUESTS WANTED: makes COUNT requests for each of OSS V1 and V4, ACS3 and RPC V1,
// from the seed, for sign_request into REQUESTS, and what Alibaba Cloud's own libraries make of them into WANTED; both a
// JSON object a line. Besides, some that the libraries' clients have put together and sent themselves (to a server
// here), with the time of now.
//
// Where the libraries and the documents differ:
// * ali-oss sends the time of a V1 request as x-oss-date, which then stands in the string to sign twice: in the line of
//   the date and among the x-oss- headers. The documents allow either header ("Include a V1 signature in the Authorization
//   header": the date is Date's or x-oss-date's, and x-oss-date's where there are both), and all x-oss- headers are signed,
//   so this is no flaw. The vendor's other libraries (Go, Java, Python, C++) send Date alone, and so do we. Both kinds are
//   made here; with Date alone the library is told the date as it is for signed addresses.
// * ali-oss sorts the query of V4 by localeCompare ("a" before "Z"), and before it is encoded ("_" before "{"); documented,
//   and in the vendor's Go library, is the order of the encoded bytes, which is ours. None of the parameters of uploads
//   sort differently. So localeCompare is made to compare those here, and that this changes something is checked.
// * ali-oss signs the blanks around a V1 Content-Type, which no server gets to see. No such ones are made.
// * openapi-util's ACS3 signs a parameter without a value as "name"; documented is "name=". We do not send such ones.
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';

const [modules, seed, count, requestsFile, wantedFile] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const oss = require('ali-oss/lib/common/signUtils');
const OSS = require('ali-oss');
const { createRequest: createOssRequest } = require('ali-oss/lib/common/utils/createRequest');
const OpenApiUtil = require('@alicloud/openapi-util').default;
const { RPCClient } = require('@alicloud/pop-core');

const encode = (given) => encodeURIComponent(given).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const original = String.prototype.localeCompare;
String.prototype.localeCompare = function byEncodedBytes(other) {
  const [a, b] = [encode(this), encode(other)];
  return a < b ? -1 : Number(a > b);
};

// --- chance ---

let state = Number(seed) >>> 0;
function random(below) {
  state = (state + 0x6d2b79f5) | 0; // mulberry32
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % below;
}
const pick = (list) => list[random(list.length)];
const chance = (percent) => random(100) < percent;
const times = (n, make) => Array.from({ length: n }, make);

const plain = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'];
const odd = [...' *!()~\'+%&=?#/,:;@$"<>[]{}|\\^`-_.', '//', '  ', '%2F', '%20', '+', '..', 'é', 'ß', '镜', '像', '\u0301', '🖥', '\u00a0', 'ﷺ'];
const word = (longest = 12) => times(1 + random(longest), () => pick(plain)).join('');
const text = (longest = 16) => times(1 + random(longest), () => (chance(50) ? pick(plain) : pick(odd))).join('');
// A header's value: printable ASCII, with blanks inside and around it.
const value = () => times(1 + random(20), () => (chance(70) ? pick(plain) : String.fromCharCode(32 + random(95)))).join('');
const lastSecond = 2145916800; // 2038
const time = () => 1262304000 + random(lastSecond - 1262304000);
const secret = () => times(30, () => pick([...plain, '/', '+', '='])).join('');
const token = () => (chance(40) ? times(1 + random(400), () => pick([...plain, '/', '+', '='])).join('') : '');
const bucket = () => `${word(3)}-${word(10)}`.toLowerCase();
const unique = (pairs) => [...new Map(pairs.map((pair) => [pair[0].toLowerCase(), pair])).values()];

const httpDate = (seconds) => new Date(seconds * 1000).toUTCString();
const compactTime = (seconds) => new Date(seconds * 1000).toISOString().replace(/[-:]|\.\d+/g, '');
const isoTime = (seconds) => new Date(seconds * 1000).toISOString().replace(/\.\d+/, '');

// --- OSS ---

const signedByV1 = ['acl', 'uploads', 'uploadId', 'partNumber', 'security-token', 'position', 'append', 'symlink', 'objectMeta',
  'response-content-type', 'response-content-language', 'response-expires', 'response-cache-control',
  'response-content-disposition', 'response-content-encoding', 'x-oss-process', 'x-oss-traffic-limit', 'tagging', 'versionId'];
const notSignedByV1 = ['prefix', 'max-parts', 'part-number-marker', 'key-marker', 'upload-id-marker', 'max-uploads', 'encoding-type', 'delimiter'];

function ossHeaders() {
  const headers = [];
  if (chance(70)) headers.push([pick(['Content-Type', 'content-type']), pick(['application/octet-stream', 'text/plain; charset=utf-8', value().trim()])]);
  if (chance(30)) headers.push([pick(['Content-MD5', 'content-md5']), 'eB5eJF1ptWaXm4bijSPyxw==']);
  for (let i = random(4); i > 0; --i) headers.push([`${pick(['x-oss-', 'X-Oss-'])}${pick(['meta-', ''])}${word()}`, value()]);
  if (chance(20)) headers.push(['x-oss-forbid-overwrite', 'true']);
  if (chance(20)) headers.push(['Range', 'bytes=0-9']);
  return unique(headers);
}

function ossRequest(scheme) {
  const names = [...signedByV1, ...notSignedByV1];
  const query = times(random(5), () => [chance(80) ? pick(names) : text(), chance(30) ? '' : text()]);
  return { scheme, method: pick(['GET', 'PUT', 'POST', 'HEAD', 'DELETE']), host: 'h.example.com', in_path: chance(50), bucket: bucket(),
    key: chance(10) ? '' : text(40), query: unique(query), headers: ossHeaders(), id: `LTAI${word()}`, secret: secret(), token: token(),
    time: time(), region: pick(['cn-hangzhou', 'ap-southeast-1', 'us-west-1']) };
}

// What sign_request adds before it signs, and in the end.
const withToken = (headers, request) => (request.token ? [...headers, ['x-oss-security-token', request.token]] : headers);

function wantOssV1(request) {
  const vendorsWay = chance(50);
  if (vendorsWay) request.headers.push(['x-oss-date', httpDate(request.time)]);
  const headers = withToken(request.headers, request);
  const parameters = Object.fromEntries(request.query.filter(([name]) => signedByV1.includes(name) || name.startsWith('x-oss-')));
  const toSign = oss.buildCanonicalString(request.method, `/${request.bucket}/${request.key}`,
    { headers: Object.fromEntries(headers), parameters }, vendorsWay ? undefined : httpDate(request.time));
  const dated = vendorsWay ? headers : [...headers, ['Date', httpDate(request.time)]];
  return { headers: [...dated, ['Authorization', oss.authorization(request.id, request.secret, toSign)]] };
}

function wantOssV4(request) {
  const headers = withToken([...request.headers, ['x-oss-content-sha256', 'UNSIGNED-PAYLOAD'], ['x-oss-date', compactTime(request.time)]], request);
  const queries = Object.fromEntries(request.query.map(([name, given]) => [name, given === '' ? null : given]));
  const authorization = oss.authorizationV4(request.id, request.secret, request.region, request.method,
    { headers: Object.fromEntries(headers), queries }, request.bucket, request.key || undefined, []);
  return { headers: [...headers, ['Authorization', authorization]] };
}

// The whole client: what it would send, to be signed by us with the same time.
function sentByOssClient(v4) {
  const id = `LTAI${word()}`;
  const key = secret();
  const stsToken = token();
  const name = bucket();
  const client = new OSS({ accessKeyId: id, accessKeySecret: key, region: 'oss-cn-hangzhou', bucket: name, authorizationV4: v4,
    ...(stsToken ? { stsToken, refreshSTSToken: () => undefined, refreshSTSTokenInterval: 1 } : {}) });
  const object = text(30).replace(/^[/\\]+/, '') || 'k';
  const subres = pick([{ uploads: '' }, { partNumber: 1 + random(10000), uploadId: word(32) }, { uploadId: word(32) }, {}]);
  const { url, params } = createOssRequest.call(client, { method: pick(['PUT', 'POST', 'GET']), bucket: name, object, subres: { ...subres },
    headers: chance(50) ? { 'x-oss-meta-a': word() } : {} });
  const headers = Object.entries(params.headers).filter(([header]) => header !== 'authorization' && header !== 'x-oss-security-token');
  const date = params.headers['x-oss-date'];
  const seconds = Math.floor((v4 ? Date.parse(date.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z')) : Date.parse(date)) / 1000);
  return { request: { scheme: v4 ? 'oss-v4' : 'oss-v1', method: params.method, bucket: name, key: object, query: Object.entries(subres).map(([n, v]) => [n, String(v)]),
    headers, id, secret: key, token: stsToken, time: seconds, region: 'cn-hangzhou' },
  wanted: { authorization: params.headers.authorization, path: url.replace(/^https?:\/\/[^/]*/, '').split('?')[0] } };
}

// --- the API ---

function apiCall(scheme) {
  const parameters = unique([['RegionId', 'cn-hangzhou'], ...times(1 + random(8), () => [
    pick([`DiskDeviceMapping.${1 + random(17)}.${pick(['OSSBucket', 'OSSObject', 'Format'])}`, `Tag.${1 + random(20)}.${pick(['Key', 'Value'])}`,
      'ImageName', 'Description', 'ClientToken', 'BootMode', word()]), chance(10) ? '' : text(60)])]);
  return { scheme, host: pick(['ecs.cn-hangzhou.aliyuncs.com', '127.0.0.1:8080']), action: pick(['ImportImage', 'DescribeTasks', word()]),
    version: '2014-05-26', parameters, id: `LTAI${word()}`, secret: secret(), token: token(), time: time(), nonce: word(40) };
}

const sent = (request) => Object.fromEntries(request.parameters.filter(([, given]) => given !== ''));
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function wantAcs3(request) {
  const headers = { 'x-acs-action': request.action, 'x-acs-version': request.version, 'x-acs-date': isoTime(request.time),
    'x-acs-signature-nonce': request.nonce, 'x-acs-content-sha256': emptyHash,
    ...(request.token ? { 'x-acs-security-token': request.token } : {}) };
  const authorization = OpenApiUtil.getAuthorization({ method: 'POST', pathname: '/', query: sent(request), headers: { ...headers, host: request.host } },
    'ACS3-HMAC-SHA256', emptyHash, request.id, request.secret);
  return { headers: [['Accept', 'application/json'], ...Object.entries(headers), ['Authorization', authorization]], query: sent(request) };
}

function wantRpcV1(request) {
  const parameters = { ...sent(request), AccessKeyId: request.id, Action: request.action, Format: 'JSON', SignatureMethod: 'HMAC-SHA1',
    SignatureNonce: request.nonce, SignatureVersion: '1.0', Timestamp: isoTime(request.time), Version: request.version,
    ...(request.token ? { SecurityToken: request.token } : {}) };
  return { query: { ...parameters, Signature: OpenApiUtil.getRPCSignature(parameters, 'POST', request.secret) } };
}

// The whole client of pop-core, sending to a server here.
async function sentByPopCore(number) {
  const bodies = [];
  const server = http.createServer(async (incoming, outgoing) => {
    let body = '';
    for await (const chunk of incoming) body += chunk;
    bodies.push(body);
    outgoing.end('{}');
  });
  await new Promise((ready) => { server.listen(0, '127.0.0.1', ready); });
  const found = [];
  for (let i = 0; i < number; ++i) {
    const call = apiCall('rpc-v1');
    const client = new RPCClient({ endpoint: `http://127.0.0.1:${server.address().port}`, apiVersion: call.version, accessKeyId: call.id,
      accessKeySecret: call.secret, ...(call.token ? { securityToken: call.token } : {}) });
    await client.request(call.action, sent(call), { method: 'POST', formatAction: false, formatParams: false });
    const query = Object.fromEntries(new URLSearchParams(bodies.pop()));
    found.push({ request: { ...call, nonce: query.SignatureNonce, time: Date.parse(query.Timestamp) / 1000 }, wanted: { query } });
  }
  server.close();
  server.closeAllConnections();
  return found;
}

// --- all of it ---

const cases = [];
for (let i = 0; i < Number(count); ++i) {
  for (const [scheme, make, want] of [['oss-v1', ossRequest, wantOssV1], ['oss-v4', ossRequest, wantOssV4], ['acs3', apiCall, wantAcs3],
    ['rpc-v1', apiCall, wantRpcV1]]) {
    const request = make(scheme);
    const wanted = want(request);
    cases.push({ request, wanted });
  }
}
for (let i = 0; i < Number(count) / 4; ++i) cases.push(sentByOssClient(false), sentByOssClient(true));
cases.push(...await sentByPopCore(Math.ceil(Number(count) / 4)));

const unsorted = { headers: { 'x-oss-date': '20260101T000000Z' }, queries: { Z: '1', a: '2' } };
const signedBytes = oss.authorizationV4('id', 'secret', 'r', 'GET', unsorted, 'b', 'k', []);
String.prototype.localeCompare = original;
if (signedBytes === oss.authorizationV4('id', 'secret', 'r', 'GET', unsorted, 'b', 'k', [])) {
  throw new Error('ali-oss sorts by bytes now: what is said above of localeCompare is no longer so');
}

const lines = (list) => list.map((one) => `${JSON.stringify(one)}\n`).join('');
fs.writeFileSync(requestsFile, lines(cases.map(({ request }) => request)));
fs.writeFileSync(wantedFile, lines(cases.map(({ wanted }) => wanted)));
