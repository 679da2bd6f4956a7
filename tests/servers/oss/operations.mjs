// What can be asked of the store, as OSS and S3 do it. Each takes the request as the front has read it and returns
// {status, headers, xml | data}; it throws a Refusal.
import { document, Refusal, refusals } from './refusal.mjs';

const listLimit = 1000;

// The name of what a request asks for, and the permission that it needs.
export function nameOf({ method, bucket, key, get }) {
  const has = (name) => get(name) !== undefined;
  if (!bucket) return 'ListBuckets';
  if (!key) {
    if (method === 'GET' && has('uploads')) return 'ListMultipartUploads';
    if (method === 'GET' && has('location')) return 'GetBucketLocation';
    if (method === 'GET' && has('bucketInfo')) return 'GetBucketInfo';
    return { PUT: 'PutBucket', GET: 'ListObjects', HEAD: 'HeadBucket' }[method] ?? 'Unknown';
  }
  if (method === 'POST' && has('uploads')) return 'InitiateMultipartUpload';
  if (method === 'POST' && has('uploadId')) return 'CompleteMultipartUpload';
  if (method === 'PUT' && has('uploadId')) return 'UploadPart';
  if (method === 'GET' && has('uploadId')) return 'ListParts';
  if (method === 'DELETE' && has('uploadId')) return 'AbortMultipartUpload';
  return { PUT: 'PutObject', GET: 'GetObject', HEAD: 'HeadObject', DELETE: 'DeleteObject' }[method] ?? 'Unknown';
}

const permissions = { InitiateMultipartUpload: 'PutObject', UploadPart: 'PutObject', CompleteMultipartUpload: 'PutObject',
  HeadObject: 'GetObject', HeadBucket: 'GetBucketInfo' };

export function permissionOf(action, s3) {
  return `${s3 ? 's3' : 'oss'}:${permissions[action] ?? action}`;
}

// OSS writes ETags in upper case, S3 in lower.
const shownTag = (request, etag) => `"${request.s3 ? etag : etag.toUpperCase()}"`;
const readTag = (etag) => etag.replace(/^"|"$/g, '').toLowerCase();
const shownKey = (request, key) => (request.get('encoding-type') === 'url' ? encodeURIComponent(key) : key);
const encoding = (request) => (request.get('encoding-type') === 'url' ? { EncodingType: 'url' } : {});

function crcHeader(request, crc) {
  return request.s3 || crc === undefined ? {} : { 'x-oss-hash-crc64ecma': String(BigInt.asUintN(64, crc)) };
}

async function mayWrite(store, request) {
  const { bucket, key, headers } = request;
  const forbidden = request.s3 ? headers['if-none-match'] === '*' : headers['x-oss-forbid-overwrite'] === 'true';
  if (!forbidden || !(await store.head(bucket, key))) return;
  throw request.s3
    ? new Refusal(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold')
    : refusals.exists();
}

function partNumber(request) {
  const number = Number(request.get('partNumber'));
  if (!Number.isInteger(number) || number < 1 || number > 10000) {
    throw refusals.argument('Part number must be an integer between 1 and 10000, inclusive.', 'partNumber', request.get('partNumber'));
  }
  return number;
}

function chosenParts(xml) {
  const parts = [...xml.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part]) => ({
    number: Number(/<PartNumber>\s*(\d+)\s*<\/PartNumber>/.exec(part)?.[1]),
    etag: readTag((/<ETag>\s*(.*?)\s*<\/ETag>/s.exec(part)?.[1] ?? '').replace(/&quot;|&#34;/g, '"')),
  }));
  if (!parts.length || parts.some(({ number }) => Number.isNaN(number))) {
    throw new Refusal(400, 'MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema.');
  }
  if (parts.some(({ number }, i) => i > 0 && number <= parts[i - 1].number)) {
    throw new Refusal(400, 'InvalidPartOrder', 'The list of parts was not in ascending order. Parts list must be specified in order by part number.');
  }
  return parts;
}

// A page of a list: what lies after the marker, at most so many.
function page(request, found, name, settings) {
  const limit = Math.min(Number(request.get(name) ?? listLimit), listLimit, settings.page ?? listLimit);
  return { shown: found.slice(0, limit), truncated: found.length > limit, limit };
}

export const operations = {
  async ListBuckets() {
    return { xml: document('ListAllMyBucketsResult', { Buckets: {} }) };
  },

  async PutBucket(store, { bucket }) {
    await store.createBucket(bucket);
    return {};
  },

  async HeadBucket(store, { bucket }) {
    await store.checkBucket(bucket);
    return {};
  },

  async GetBucketLocation(store, request, { region }) {
    await store.checkBucket(request.bucket);
    return { xml: document('LocationConstraint', request.s3 ? region : `oss-${region}`) };
  },

  async GetBucketInfo(store, request, { region }) {
    await store.checkBucket(request.bucket);
    return { xml: document('BucketInfo', { Bucket: { Name: request.bucket, Location: `oss-${region}` } }) };
  },

  async ListObjects(store, request) {
    const prefix = request.get('prefix') ?? '';
    const found = (await store.objects(request.bucket)).filter(({ key }) => key.startsWith(prefix));
    return { xml: document('ListBucketResult', { Name: request.bucket, Prefix: prefix, IsTruncated: false, ...encoding(request),
      Contents: found.map((one) => ({ Key: shownKey(request, one.key), Size: one.size, ETag: shownTag(request, one.etag),
        LastModified: one.modified.toISOString() })) }) };
  },

  async PutObject(store, request, _, body) {
    await store.checkBucket(request.bucket);
    await mayWrite(store, request);
    const object = await store.put(request.bucket, request.key, body());
    return { headers: { etag: shownTag(request, object.etag), ...crcHeader(request, object.crc) } };
  },

  async HeadObject(store, request) {
    const object = await store.head(request.bucket, request.key);
    if (!object) throw refusals.noSuchKey(request.key);
    return { headers: { 'content-length': object.size, etag: shownTag(request, object.etag), 'last-modified': object.modified.toUTCString(),
      ...(request.s3 ? {} : { 'x-oss-object-type': object.etag.includes('-') ? 'Multipart' : 'Normal' }),
      ...crcHeader(request, object.crc) } };
  },

  async GetObject(store, request) {
    const { headers } = await operations.HeadObject(store, request);
    const size = headers['content-length'];
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const first = Number(from ?? 0);
    const last = to ? Math.min(Number(to), size - 1) : size - 1;
    const part = from !== undefined && first < size;
    return { status: part ? 206 : 200, data: store.read(request.bucket, request.key, first, last),
      headers: { ...headers, 'content-length': last - first + 1, ...(part ? { 'content-range': `bytes ${first}-${last}/${size}` } : {}) } };
  },

  async DeleteObject(store, { bucket, key }) {
    await store.remove(bucket, key);
    return { status: 204 };
  },

  async InitiateMultipartUpload(store, request) {
    await store.checkBucket(request.bucket);
    await mayWrite(store, request);
    const id = await store.begin(request.bucket, request.key);
    return { xml: document('InitiateMultipartUploadResult',
      { ...encoding(request), Bucket: request.bucket, Key: shownKey(request, request.key), UploadId: id }) };
  },

  async UploadPart(store, request, _, body) {
    const number = partNumber(request);
    const part = await store.part(request.bucket, request.key, request.get('uploadId'), number, body());
    return { headers: { etag: shownTag(request, part.etag), ...crcHeader(request, part.crc) } };
  },

  async ListParts(store, request, settings) {
    const id = request.get('uploadId');
    const marker = Number(request.get('part-number-marker') ?? 0);
    const found = (await store.parts(request.bucket, request.key, id)).filter(({ number }) => number > marker);
    const { shown, truncated, limit } = page(request, found, 'max-parts', settings);
    return { xml: document('ListPartsResult', { ...encoding(request), Bucket: request.bucket, Key: shownKey(request, request.key),
      UploadId: id, StorageClass: 'Standard', PartNumberMarker: marker, NextPartNumberMarker: shown.at(-1)?.number ?? 0,
      MaxParts: limit, IsTruncated: truncated,
      Part: shown.map((part) => ({ PartNumber: part.number, LastModified: part.modified.toISOString(),
        ETag: shownTag(request, part.etag),
        ...(request.s3 || part.crc === undefined ? {} : { HashCrc64ecma: BigInt.asUintN(64, part.crc) }), Size: part.size })) }) };
  },

  async CompleteMultipartUpload(store, request, settings, body) {
    const { bucket, key } = request;
    let xml = '';
    for await (const chunk of body().stream) xml += chunk;
    const id = request.get('uploadId');
    const whole = !request.s3 && request.headers['x-oss-complete-all'] === 'yes';
    const parts = await store.parts(bucket, key, id);
    const chosen = whole ? parts : chosenParts(xml);
    await mayWrite(store, request);
    const object = await store.complete(bucket, key, id, chosen);
    return { headers: crcHeader(request, object.crc), xml: document('CompleteMultipartUploadResult',
      { ...encoding(request), Location: `http://${request.headers.host}/${encodeURIComponent(key)}`, Bucket: bucket,
        Key: shownKey(request, key), ETag: shownTag(request, object.etag) }) };
  },

  async AbortMultipartUpload(store, request) {
    await store.abort(request.bucket, request.key, request.get('uploadId'));
    return { status: 204 };
  },

  async ListMultipartUploads(store, request, settings) {
    const prefix = request.get('prefix') ?? '';
    const marker = [request.get('key-marker') ?? '', request.get('upload-id-marker') ?? ''];
    const after = ({ key, id }) => key > marker[0] || (key === marker[0] && marker[1] !== '' && id > marker[1]);
    const order = (a, b) => (a.key === b.key ? (a.id < b.id ? -1 : 1) : a.key < b.key ? -1 : 1);
    const found = (await store.uploads(request.bucket)).filter(({ key }) => key.startsWith(prefix)).sort(order)
      .filter((one) => (marker[0] ? after(one) : true));
    const { shown, truncated, limit } = page(request, found, 'max-uploads', settings);
    return { xml: document('ListMultipartUploadsResult', { ...encoding(request), Bucket: request.bucket, Prefix: prefix,
      KeyMarker: shownKey(request, marker[0]), UploadIdMarker: marker[1],
      NextKeyMarker: shownKey(request, shown.at(-1)?.key ?? ''), NextUploadIdMarker: shown.at(-1)?.id ?? '',
      MaxUploads: limit, IsTruncated: truncated,
      Upload: shown.map(({ key, id, initiated }) => ({ Key: shownKey(request, key), UploadId: id, Initiated: initiated.toISOString() })) }) };
  },

  async Unknown() {
    throw new Refusal(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.');
  },
};

