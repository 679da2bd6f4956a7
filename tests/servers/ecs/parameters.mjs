// What ImportImage accepts: the names, what must be there, and the documented limits. A name that it does not know, and
// one that is deprecated, is refused here, so that a slip of the pen does not pass.
import { Refusal } from './refusal.mjs';

const platforms = ['CentOS', 'Ubuntu', 'SUSE', 'OpenSUSE', 'Debian', 'CoreOS', 'Aliyun', 'Anolis', 'FreeBSD', 'RedHat', 'Kylin',
  'UOS', 'Fedora', 'Fedora CoreOS', 'CentOS Stream', 'AlmaLinux', 'Rocky Linux', 'Gentoo', 'Customized Linux', 'Others Linux',
  'Windows Server 2022', 'Windows Server 2019', 'Windows Server 2016', 'Windows Server 2012', 'Windows Server 2008',
  'Windows Server 2003'];
const oneOf = (...words) => (value) => words.includes(value);
const plain = (value) => /^[\w.@-]{1,64}$/.test(value);
const noAddress = (value) => !/^https?:\/\//.test(value);

// Name -> [whether a value is good, the code where it is not]
const single = {
  RegionId: [plain, 'InvalidRegionId.NotFound'],
  ImageName: [(value) => /^[A-Za-z\u4e00-\u9fff][\w.:\u4e00-\u9fff-]{1,127}$/u.test(value) && !/^(acs:|aliyun)/i.test(value)
    && !/https?:\/\//.test(value), 'InvalidImageName.Malformed'],
  Description: [(value) => [...value].length >= 2 && [...value].length <= 256 && noAddress(value), 'InvalidDescription.Malformed'],
  Architecture: [oneOf('i386', 'x86_64', 'arm64'), 'InvalidArchitecture.Malformed'],
  OSType: [oneOf('windows', 'linux'), 'InvalidOSType.Malformed'],
  Platform: [oneOf(...platforms), 'InvalidPlatform.Malformed'],
  BootMode: [oneOf('BIOS', 'UEFI', 'UEFI-Preferred'), 'InvalidParameter.Malformed'],
  LicenseType: [oneOf('Auto', 'Aliyun', 'BYOL'), 'InvalidLicenseType.NotSupported'],
  RoleName: [plain, 'InvalidParameter.Malformed'],
  ResourceGroupId: [plain, 'InvalidParameter.Malformed'],
  'Features.NvmeSupport': [oneOf('supported', 'unsupported'), 'InvalidParameter.Malformed'],
  ClientToken: [(value) => /^[\x21-\x7e]{1,64}$/.test(value), 'InvalidParameter.Malformed'],
  DryRun: [oneOf('true', 'false'), 'InvalidParameter.Malformed'],
};
const ofDisk = {
  Format: [oneOf('RAW', 'VHD', 'QCOW2'), 'InvalidImageFormat.Malformed'],
  OSSBucket: [(value) => /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(value), 'InvalidOSSBucket.NotFound'],
  OSSObject: [(value) => Buffer.byteLength(value) <= 1023 && !/^[/\\]/.test(value), 'InvalidOSSObject.Malformed'],
  DiskImageSize: [(value) => /^\d+$/.test(value) && value >= 1 && value <= 2048, 'InvalidImageSize'],
};
const ofTag = {
  Key: [(value) => value.length >= 1 && value.length <= 128 && !/^(aliyun|acs:)/.test(value), 'InvalidParameter.Malformed'],
  Value: [(value) => value.length <= 128, 'InvalidParameter.Malformed'],
};

function missing(name) {
  return new Refusal(400, 'MissingParameter', `An input parameter "${name}" that is mandatory for processing the request is not supplied.`);
}

// The disks, in order.
export function checkImport(parameters) {
  const disks = [];
  let tags = 0;
  for (const [name, value] of Object.entries(parameters)) {
    const disk = /^DiskDeviceMapping\.(\d+)\.(\w+)$/.exec(name);
    const tag = /^Tag\.(\d+)\.(Key|Value)$/.exec(name);
    const rule = disk ? ofDisk[disk[2]] : tag ? ofTag[tag[2]] : single[name];
    if (!rule) throw new Refusal(403, 'InvalidParameter.Malformed', `The specified parameter "${name} " is not valid.`);
    if (!rule[0](value)) throw new Refusal(400, rule[1], `The specified ${name} is wrongly formed.`);
    if (disk) (disks[disk[1] - 1] ??= {})[disk[2]] = value;
    if (tag) tags = Math.max(tags, Number(tag[1]));
  }
  if (!parameters.RegionId) throw missing('RegionId');
  if (disks.length === 0) throw new Refusal(403, 'MissingParameter.DiskDeviceMapping', 'The specified parameter DiskDeviceMapping is not supplied.');
  for (const name of ['OSSBucket', 'OSSObject']) {
    if (!disks[0]?.[name]) throw missing(`DiskDeviceMapping.1.${name}`);
  }
  if (disks.length > 17 || disks.includes(undefined)) {
    throw new Refusal(400, 'InvalidParameter.Malformed', 'The specified parameter "DiskDeviceMapping.n" is not valid.');
  }
  if (tags > 20) throw new Refusal(400, 'InvalidParameter.Malformed', 'The specified parameter "Tag.n" is not valid.');
  if (parameters.Architecture === 'arm64' && parameters.BootMode === 'BIOS') {
    throw new Refusal(400, 'InvalidParameter.Malformed', 'The specified parameter "BootMode" is not valid.');
  }
  return disks;
}

export { missing };
