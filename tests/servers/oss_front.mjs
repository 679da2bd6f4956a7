#!/usr/bin/env node
// An object store for tests that speaks OSS (and S3's own signatures, as OSS's S3 door does): it checks each request's
// signature with the vendor's client library, answers with OSS's headers, checksums and error codes, and fails as
// planned. The bytes go into a folder, or through to a real server that speaks S3. See README.md.
//
//   oss_front.mjs --store DIR | --behind http://HOST:PORT   [--modules DIR] [--port N] [--ready FILE] [--log FILE]
//                 [--domain NAME] [--cname HOST=BUCKET] [--region ID] [--bucket NAME] [--no-path-style]
//                 [--tls-cert FILE --tls-key FILE]
// Keys: OSS_FRONT_ID, OSS_FRONT_SECRET, and OSS_FRONT_TOKEN where they are temporary (AKTEST and SKTEST by default); of
// the server behind: OSS_FRONT_BEHIND_ID, OSS_FRONT_BEHIND_SECRET, OSS_FRONT_BEHIND_REGION (the same, and "default").
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { Body, Dropped } from './oss/body.mjs';
import { Control } from './oss/control.mjs';
import { FolderStore } from './oss/folder_store.mjs';
import { nameOf, operations, permissionOf } from './oss/operations.mjs';
import { document, Refusal, refusals } from './oss/refusal.mjs';
import { S3Store } from './oss/s3_store.mjs';
import { loadVendor, Signatures } from './oss/signatures.mjs';

const text = { type: 'string' };
const { values: options } = parseArgs({ options: { store: text, behind: text, modules: { ...text, default: `${process.cwd()}/build/oracles/servers` },
  port: { ...text, default: '0' }, ready: text, log: text, domain: { ...text, multiple: true, default: ['localhost', 'oss.test.local'] },
  cname: { ...text, multiple: true, default: [] }, region: { ...text, default: 'cn-hangzhou' }, bucket: { ...text, multiple: true, default: [] },
  'no-path-style': { type: 'boolean' }, 'tls-cert': text, 'tls-key': text } });

const env = (name, otherwise) => process.env[`OSS_FRONT_${name}`] ?? otherwise;
const user = { id: env('ID', 'AKTEST'), secret: env('SECRET', 'SKTEST'), token: env('TOKEN') };
const signatures = new Signatures(loadVendor(options.modules), [user], options.region);
const store = options.behind
  ? new S3Store(options.behind, { id: env('BEHIND_ID', user.id), secret: env('BEHIND_SECRET', user.secret), region: env('BEHIND_REGION', 'default') })
  : new FolderStore(options.store);
const control = new Control(signatures, store, options);
const cnames = new Map(options.cname.map((one) => one.split('=', 2)));

// Where the bucket stands: in the host's name, behind a name of its own, or in the path.
function bucketOf(host) {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (cnames.has(name)) return cnames.get(name);
  const domain = options.domain.find((one) => name.endsWith(`.${one}`));
  return domain && name.slice(0, -domain.length - 1).split('.')[0];
}

// The request as the operations see it.
function read(incoming) {
  const [rawPath, rawQuery = ''] = incoming.url.split(/\?(.*)/s);
  const decode = (part) => decodeURIComponent(part);
  const query = rawQuery.split('&').filter(Boolean).map((pair) => {
    const [name, value = ''] = pair.split(/=(.*)/s);
    return [decode(name), decode(value)];
  });
  const hosted = bucketOf(incoming.headers.host ?? '');
  const path = decode(rawPath).slice(1);
  const [first, rest = ''] = path.split(/\/(.*)/s);
  const get = (name) => query.find(([other]) => other === name)?.[1];
  const request = { method: incoming.method, headers: incoming.headers, rawPath, query, get, inPath: !hosted,
    bucket: hosted ?? first, key: hosted ? path : rest, s3: /^AWS/.test(incoming.headers.authorization ?? '') };
  return Object.assign(request, { action: nameOf(request), part: Number(get('partNumber')) || undefined });
}

function refusalOf(fault, request) {
  if (fault.kind === 'deny') return refusals.denied(permissionOf(request.action, request.s3));
  if (fault.kind === 'no-such-upload') return refusals.noSuchUpload(request.get('uploadId'));
  if (fault.kind !== 'status') return undefined;
  const codes = { 500: 'InternalError', 503: request.s3 ? 'SlowDown' : 'TotalQpsLimitExceeded' };
  const delay = fault.delay === undefined ? {} : request.s3 ? { 'retry-after': Math.ceil(fault.delay / 1000) } : { 'x-oss-qos-delay-time': fault.delay };
  return new Refusal(fault.status, fault.code ?? codes[fault.status] ?? 'InternalError', fault.message ?? 'As planned.', fault.more ?? {},
    { ...delay, ...fault.headers });
}

// Lets the work be done, and spoils what is told of it.
function spoil(reply, fault) {
  const headers = { ...reply.headers };
  if (fault?.kind === 'wrong-crc' && headers['x-oss-hash-crc64ecma']) {
    headers['x-oss-hash-crc64ecma'] = String(BigInt.asUintN(64, BigInt(headers['x-oss-hash-crc64ecma']) + 1n));
  }
  if (fault?.kind === 'wrong-etag' && headers.etag) headers.etag = headers.etag.replace(/[0-9a-f]/gi, (c) => (c === '0' ? '1' : '0'));
  if (fault?.kind === 'qos') headers['x-oss-qos-delay-time'] = fault.delay;
  return { ...reply, headers };
}

const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

async function work(request, incoming, fault, entry) {
  if (fault?.kind === 'delay') await wait(fault.ms);
  if (fault?.kind === 'no-such-upload') await store.abort(request.bucket, request.key, request.get('uploadId')).catch(() => {});
  if (fault?.kind === 'drop' && !(Number(incoming.headers['content-length']) > 0)) throw new Dropped('as planned');
  const refusal = fault && refusalOf(fault, request);
  if (refusal) throw refusal;
  const makeBody = () => {
    if (incoming.headers['content-length'] === undefined) {
      throw new Refusal(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
    }
    const sha256 = /^[0-9a-f]{64}$/.exec(incoming.headers['x-amz-content-sha256'] ?? '')?.[0];
    entry.body = new Body(incoming, { fault, wantsMd5: !options.behind, md5: incoming.headers['content-md5'], sha256 });
    return entry.body;
  };
  return spoil(await operations[request.action](store, request, control.settings, makeBody), fault);
}

function authorise(request) {
  if (request.inPath && request.bucket && options['no-path-style'] && !request.s3) {
    throw new Refusal(403, 'SecondLevelDomainForbidden', 'The bucket you are attempting to access must be addressed using OSS third level domain.');
  }
  const { user: who, kind } = signatures.check(request);
  const permission = permissionOf(request.action, request.s3);
  if (control.forbidden.has(request.action) || control.forbidden.has(permission)) throw refusals.denied(permission);
  return { user: who.id, signature: kind };
}

async function send(outgoing, reply, request, fault, id) {
  const prefix = request.s3 ? 'x-amz' : 'x-oss';
  const body = reply.xml === undefined ? undefined : Buffer.from(reply.xml);
  const headers = { server: 'AliyunOSS', date: new Date(Date.now() + signatures.offset).toUTCString(), [`${prefix}-request-id`]: id,
    ...(body ? { 'content-type': 'application/xml', 'content-length': body.length } : {}), ...reply.headers };
  if (!reply.data && !body && headers['content-length'] === undefined && (reply.status ?? 200) !== 204) headers['content-length'] = 0;
  outgoing.writeHead(reply.status ?? 200, headers);
  if (reply.data) {
    await pipeline(reply.data, outgoing);
  } else if (fault?.kind === 'cut-reply') {
    outgoing.write((body ?? Buffer.alloc(0)).subarray(0, Math.floor((body?.length ?? 0) / 2)), () => outgoing.destroy());
  } else {
    outgoing.end(request.method === 'HEAD' ? undefined : body);
  }
}

// What goes out in place of a reply where the store refused.
function refused(error, request, id) {
  const xml = document('Error', { Code: error.code, Message: error.message, RequestId: id, HostId: request.headers.host, ...error.more });
  const inHeader = request.method === 'HEAD' && !request.s3 ? { 'x-oss-err': Buffer.from(xml).toString('base64') } : {};
  return { status: error.status, headers: { ...inHeader, ...error.headers }, xml: request.method === 'HEAD' ? undefined : xml };
}

async function serve(incoming, outgoing) {
  if (incoming.url.startsWith('/__')) {
    await control.serve(incoming, outgoing);
    return;
  }
  const id = crypto.randomBytes(12).toString('hex').toUpperCase();
  const started = Date.now();
  const entry = { request: id };
  let request = { headers: incoming.headers, method: incoming.method };
  let fault;
  let reply;
  try {
    request = read(incoming);
    Object.assign(entry, { method: request.method, action: request.action, bucket: request.bucket, key: request.key, part: request.part,
      upload: request.get('uploadId'), hosted: !request.inPath });
    Object.assign(entry, authorise(request));
    fault = control.faults.take(request);
    reply = await work(request, incoming, fault, entry);
  } catch (error) {
    entry.code = error.code;
    if (error instanceof Refusal) reply = refused(error, request, id);
    else if (error instanceof URIError) reply = refused(refusals.argument('The address is not well encoded.'), request, id);
    else if (!(error instanceof Dropped)) {
      entry.error = String(error);
      if (!incoming.destroyed && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') console.error(error);
      reply = incoming.destroyed ? undefined : refused(new Refusal(500, 'InternalError', String(error)), request, id);
    }
  }
  const silent = !reply || ['lose-reply', 'hang'].includes(fault?.kind);
  control.note({ time: new Date(started).toISOString(), ms: Date.now() - started, ...entry, body: undefined, bytes: entry.body?.size() ?? 0,
    status: reply ? (reply.status ?? 200) : 0, fault: fault?.kind, replied: !silent });
  incoming.resume(); // what is left of a body is read and forgotten
  if (!silent) await send(outgoing, reply, request, fault, id).catch(() => outgoing.destroy());
  else if (fault?.kind !== 'hang') outgoing.destroy();
}

const handler = (incoming, outgoing) => serve(incoming, outgoing).catch((error) => {
  console.error(error);
  outgoing.destroy();
});
const server = options['tls-cert']
  ? https.createServer({ cert: fs.readFileSync(options['tls-cert']), key: fs.readFileSync(options['tls-key']) }, handler)
  : http.createServer(handler);
Object.assign(server, { requestTimeout: 0, keepAliveTimeout: 60_000 });

for (const bucket of options.bucket) await store.createBucket(bucket);
server.listen(Number(options.port), '127.0.0.1', () => {
  const { port } = server.address();
  if (options.ready) {
    fs.writeFileSync(`${options.ready}.new`, `${port}\n`);
    fs.renameSync(`${options.ready}.new`, options.ready);
  }
  console.log(JSON.stringify({ port }));
});
// It dies with the test that started it.
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(0), 500).unref();
