// What a store answers instead of doing its work.

export class Refusal extends Error {
  constructor(status, code, message, more = {}, headers = {}) {
    super(message);
    Object.assign(this, { status, code, more, headers });
  }
}

export function escapeXml(text) {
  return String(text).replace(/[<>&"']/g, (c) => `&#${c.codePointAt(0)};`)
    // eslint-disable-next-line no-control-regex
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, (c) => `&#${c.codePointAt(0)};`);
}

// element('Part', { PartNumber: 1 }): values are text, elements (objects), or several of one name (arrays).
export function element(name, content) {
  if (Array.isArray(content)) return content.map((one) => element(name, one)).join('');
  if (content === undefined || content === null) return '';
  if (typeof content !== 'object') return `<${name}>${escapeXml(content)}</${name}>`;
  return `<${name}>${Object.entries(content).map(([inner, value]) => element(inner, value)).join('')}</${name}>`;
}

export function document(name, content) {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(name, content)}\n`;
}

export const refusals = {
  noSuchUpload: (id) => new Refusal(404, 'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { UploadId: id }),
  noSuchKey: (key) => new Refusal(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key }),
  noSuchBucket: (bucket) => new Refusal(404, 'NoSuchBucket', 'The specified bucket does not exist.', { BucketName: bucket }),
  exists: () => new Refusal(409, 'FileAlreadyExists', 'The object you specified already exists and can not be overwritten.'),
  denied: (action) => new Refusal(403, 'AccessDenied',
    'You have no right to access this object because of bucket acl.',
    action ? { AccessDeniedDetail: { AuthAction: action, AuthPrincipalType: 'SubUser', NoPermissionType: 'ImplicitDeny',
      PolicyType: 'AccountLevelIdentityBasedPolicy' } } : {}),
  argument: (message, name, value) => new Refusal(400, 'InvalidArgument', message, { ArgumentName: name, ArgumentValue: value }),
};
