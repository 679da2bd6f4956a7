// check_front.mjs MODULES PORT: whether the OSS front keeps what README.md says, asked by Alibaba Cloud's own client.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';

const [modules, port] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const OSS = require('ali-oss');
const vendor = require('ali-oss/lib/common/signUtils');

const client = (more = {}) => new OSS({ accessKeyId: 'AKTEST', accessKeySecret: 'SKTEST', bucket: 'imgs', region: 'oss-cn-hangzhou',
  endpoint: `http://127.0.0.1:${port}`, sldEnable: true, authorizationV4: true, timeout: 10_000, ...more });
const store = client();
const control = async (method, path, body) => {
  const reply = await fetch(`http://127.0.0.1:${port}/__${path}`, { method, body: body && JSON.stringify(body) });
  const text = await reply.text();
  assert.equal(reply.status, 200, text);
  return text && JSON.parse(text);
};
const plan = (fault) => control('POST', 'faults', fault);
const refuses = (work, code, status) => assert.rejects(work, (error) => {
  assert.equal(error.code, code, error.stack);
  if (status) assert.equal(error.status, status);
  return true;
});
const breaks = (work) => assert.rejects(work, (error) => {
  assert.ok(['ResponseError', 'RequestError', 'ConnectionTimeoutError', 'ResponseTimeoutError'].includes(error.name) || error.status < 0, error.stack);
  return true;
});

const crcOfDigits = '11051210869376104954';
const bytes = crypto.randomBytes(320_000);
fs.writeFileSync('bytes', bytes);
const partsOf = async (upload, key, numbers = [1, 2, 3], size = 110_000) => {
  const done = [];
  for (const number of numbers) {
    const start = (number - 1) * size;
    const { etag } = await store.uploadPart(key, upload, number, 'bytes', start, Math.min(start + size, bytes.length));
    done.push({ number, etag });
  }
  return done;
};
const begin = async (key) => (await store.initMultipartUpload(key)).uploadId;

// Both signatures, odd names, the checksum.
for (const authorizationV4 of [false, true]) {
  const one = client({ authorizationV4 });
  for (const key of ['a', 'a b/镜像 *!()~\'+%&=?#.qcow2']) {
    const { res } = await one.put(key, Buffer.from('123456789'));
    assert.equal(res.headers['x-oss-hash-crc64ecma'], crcOfDigits);
    assert.equal(res.headers.etag, '"25F9E794323B453885F5181F1B624D0B"');
    assert.ok(res.headers['x-oss-request-id']);
  }
  assert.equal((await one.head('a')).res.headers['x-oss-hash-crc64ecma'], crcOfDigits);
  await refuses(client({ authorizationV4, accessKeySecret: 'wrong' }).put('a', Buffer.from('1')), 'SignatureDoesNotMatch', 403);
  await refuses(client({ authorizationV4, accessKeyId: 'nobody' }).put('a', Buffer.from('1')), 'InvalidAccessKeyId', 403);
}
assert.equal(String((await store.get('a')).content), '123456789');
assert.equal(String((await store.get('a', undefined, { headers: { Range: 'bytes=2-4' } })).content), '345');
await refuses(store.get('missing'), 'NoSuchKey', 404);
await refuses(client({ bucket: 'nowhere' }).put('a', Buffer.from('1')), 'NoSuchBucket', 404);
await refuses(client({ region: 'oss-cn-beijing' }).put('a', Buffer.from('1')), 'InvalidArgument', 400);
await refuses(store.put('a', Buffer.from('1'), { headers: { 'x-oss-forbid-overwrite': 'true' } }), 'FileAlreadyExists', 409);
await refuses(store.put('a', Buffer.from('1'), { headers: { 'Content-MD5': 'eB5eJF1ptWaXm4bijSPyxw==' } }), 'InvalidDigest', 400);

// In parts: the whole object's checksum is the one of all its bytes; pages; what a completion refuses.
let upload = await begin('parts');
let parts = await partsOf(upload, 'parts', [3, 1, 2]);
await control('POST', 'settings', { page: 2 });
let listed = await store.listParts('parts', upload);
assert.deepEqual(listed.parts.map((part) => [part.PartNumber, part.Size]), [['1', '110000'], ['2', '110000']]);
assert.equal(listed.isTruncated, 'true');
listed = await store.listParts('parts', upload, { 'part-number-marker': listed.nextPartNumberMarker });
assert.equal(listed.isTruncated, 'false');
assert.equal([listed.parts].flat()[0].PartNumber, '3');
const others = [await begin('q1'), await begin('q2'), await begin('q2')];
let found = await store.listUploads({ prefix: 'q', 'max-uploads': 2 });
assert.deepEqual([found.uploads.map((one) => one.name), found.isTruncated], [['q1', 'q2'], true]);
found = await store.listUploads({ prefix: 'q', 'key-marker': found.nextKeyMarker, 'upload-id-marker': found.nextUploadIdMarker });
assert.deepEqual([found.uploads.length, found.isTruncated], [1, false]);
await store.abortMultipartUpload('q1', others[0]);
await refuses(store.abortMultipartUpload('q1', others[0]), 'NoSuchUpload', 404);
await store.abortMultipartUpload('q2', others[1]);
await store.abortMultipartUpload('q2', others[2]);
await control('POST', 'settings', { page: 1000 });
await refuses(store.completeMultipartUpload('parts', upload, parts.map((part) => ({ ...part, etag: parts[0].etag }))), 'InvalidPart', 400);
parts = parts.sort((a, b) => a.number - b.number);
const complete = await store.completeMultipartUpload('parts', upload, parts);
const whole = await store.put('whole', 'bytes');
assert.equal(complete.res.headers['x-oss-hash-crc64ecma'], whole.res.headers['x-oss-hash-crc64ecma']);
assert.equal((await store.head('parts')).res.headers['x-oss-hash-crc64ecma'], whole.res.headers['x-oss-hash-crc64ecma']);
assert.ok((await store.get('parts')).content.equals(bytes));
assert.ok((await store.get('parts', undefined, { headers: { Range: 'bytes=109990-220010' } })).content.equals(bytes.subarray(109_990, 220_011)));
upload = await begin('small');
await refuses(store.completeMultipartUpload('small', upload, await partsOf(upload, 'small', [1, 2], 50_000)), 'EntityTooSmall', 400);
await refuses(store.uploadPart('small', upload, 10_001, 'bytes', 0, 5), 'InvalidArgument', 400);
await store.abortMultipartUpload('small', upload);

// The bucket in the host's name: signed by hand, as the client cannot be made to send it here.
const hosted = (host) => new Promise((resolve) => {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const headers = { host, 'x-oss-date': date, 'x-oss-content-sha256': 'UNSIGNED-PAYLOAD' };
  headers.authorization = vendor.authorizationV4('AKTEST', 'SKTEST', 'cn-hangzhou', 'GET', { headers }, 'imgs', 'a', ['host']);
  http.get({ port, host: '127.0.0.1', path: '/a', headers }, (reply) => resolve(reply.resume().statusCode));
});
assert.equal(await hosted(`imgs.localhost:${port}`), 200);
assert.equal(await hosted('imgs.oss.test.local'), 200);
assert.equal(await hosted('other.oss.test.local'), 403);

// Time, permissions, tokens.
await control('POST', 'clock', { offset: 3600 });
await refuses(store.put('a', Buffer.from('1')), 'RequestTimeTooSkewed', 403);
await refuses(client({ authorizationV4: false }).put('a', Buffer.from('1')), 'RequestTimeTooSkewed', 403);
await control('POST', 'clock', { offset: -60 });
await store.put('a', Buffer.from('1'));
await control('POST', 'clock', { offset: 0 });
await control('POST', 'forbid', ['oss:ListParts', 'AbortMultipartUpload']);
await refuses(store.listParts('a', 'x'), 'AccessDenied', 403);
await refuses(store.abortMultipartUpload('a', 'x'), 'AccessDenied', 403);
await control('POST', 'forbid', []);
const refresh = { refreshSTSToken: () => undefined, refreshSTSTokenInterval: 1e9 };
await control('POST', 'users', [{ id: 'AKTEST', secret: 'SKTEST' }, { id: 'STS.1', secret: 's', token: 'TOKEN' },
  { id: 'STS.2', secret: 's', token: 'OLD', expires: '2020-01-01T00:00:00Z' }]);
const temporary = (accessKeyId, stsToken, authorizationV4 = true) => client({ accessKeyId, accessKeySecret: 's', stsToken, authorizationV4, ...refresh });
await temporary('STS.1', 'TOKEN').put('a', Buffer.from('1'));
await temporary('STS.1', 'TOKEN', false).put('a', Buffer.from('1'));
await refuses(temporary('STS.1', undefined).put('a', Buffer.from('1')), 'InvalidAccessKeyId', 403);
await refuses(temporary('STS.1', 'OTHER').put('a', Buffer.from('1')), 'InvalidSecurityToken', 403);
await refuses(temporary('STS.2', 'OLD').put('a', Buffer.from('1')), 'SecurityTokenExpired', 403);

// What goes wrong as planned, and only as often; then it works again.
const work = async () => {
  const id = await begin('faulty');
  return { id, part: () => store.uploadPart('faulty', id, 1, 'bytes', 0, 200_000), listed: async () => [(await store.listParts('faulty', id)).parts ?? []].flat().length };
};
let { id, part, listed: count } = await work();
const good = (await part()).res.headers;
assert.equal(await count(), 1);
await store.abortMultipartUpload('faulty', id);

({ id, part, listed: count } = await work());
await plan({ kind: 'drop', action: 'UploadPart', part: 1, at: 100_000 });
await control('DELETE', 'log');
await breaks(part());
assert.deepEqual((await control('GET', 'log')).map(({ action, part: number, bytes: arrived, fault, replied }) => [action, number, arrived, fault, replied]),
  [['UploadPart', 1, 100_000, 'drop', false]]);
assert.equal(await count(), 0, 'nothing is kept of a part that broke off');
await plan({ kind: 'drop', action: 'HeadObject', at: 0 });
await breaks(store.head('a'));
for (const [fault, code, status] of [[{ status: 500 }, 'InternalError', 500], [{ status: 503, delay: 700 }, 'TotalQpsLimitExceeded', 503]]) {
  await plan({ kind: 'status', action: 'UploadPart', times: 2, ...fault });
  for (let i = 0; i < 2; ++i) {
    await assert.rejects(part(), (error) => {
      assert.deepEqual([error.code, error.status], [code, status]);
      return true;
    });
  }
}
await plan({ kind: 'deny', action: 'UploadPart', after: 1 });
await part();
await refuses(part(), 'AccessDenied', 403);
await plan([{ kind: 'wrong-crc', part: 1 }, { kind: 'wrong-etag', part: 1 }, { kind: 'corrupt', part: 1 }, { kind: 'qos', part: 1, delay: 9 }]);
const crc = 'x-oss-hash-crc64ecma';
assert.equal(BigInt((await part()).res.headers[crc]), BigInt.asUintN(64, BigInt(good[crc]) + 1n));
assert.notEqual((await part()).res.headers.etag, good.etag);
const corrupt = (await part()).res.headers;
assert.ok(corrupt[crc] !== good[crc] && corrupt.etag !== good.etag);
assert.equal((await part()).res.headers['x-oss-qos-delay-time'], '9');
await plan({ kind: 'slow', action: 'UploadPart', rate: 400_000 });
const started = Date.now();
assert.equal((await part()).res.headers[crc], good[crc]);
assert.ok(Date.now() - started >= 450);
await plan({ kind: 'cut-reply', action: 'ListParts' });
await assert.rejects(count());
assert.equal(await count(), 1);
await plan({ kind: 'lose-reply', action: 'CompleteMultipartUpload' });
await breaks(store.completeMultipartUpload('faulty', id, [{ number: 1, etag: good.etag }]));
await refuses(count(), 'NoSuchUpload', 404);
assert.equal((await store.head('faulty')).res.headers['content-length'], '200000', 'the work was done');
({ id, part, listed: count } = await work());
await plan({ kind: 'no-such-upload', action: 'UploadPart' });
await refuses(part(), 'NoSuchUpload', 404);
await refuses(part(), 'NoSuchUpload', 404);
await plan({ kind: 'hang', action: 'HeadObject' });
await breaks(store.head('a', { timeout: 500 }));
assert.deepEqual(await control('GET', 'faults'), []);
assert.deepEqual(await control('GET', 'uploads/imgs'), []);
console.log('the front keeps its word');
process.exit(0);
