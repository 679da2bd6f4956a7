// What a container file is: the answer of `imgport probe`. Our own reading of the header, no guessing, no qemu.
//
// Each struct says its JSON keys once, in fields(); src/support/json_fields.hpp writes and reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/error.hpp>

namespace imgport {

enum class Format { raw, qcow2, vhd, iso, vmdk, vhdx, vdi, qcow, qed, parallels, dmg, ova, archive, unknown };

const char *to_string(Format format);
std::optional<Format> format_from_string(std::string_view name);

enum class HazardSeverity {
    refuse,  // imgport goes no further with this image (exit 3)
    warn,    // a rule will have something to say, or the conversion mends it
    note,    // worth knowing
};

const char *to_string(HazardSeverity severity);

// Something about the container that can hurt. The ids are stable; they are listed in docs/contract.md.
struct Hazard {
    std::string id;
    HazardSeverity severity = HazardSeverity::note;
    std::string message;

    static void fields(auto &self, auto &&visit)
    {
        visit("id", self.id);
        visit("severity", self.severity);
        visit("message", self.message);
    }
};

// QCOW2, docs/interop/qcow2.txt of QEMU, "Header".
struct Qcow2Details {
    std::uint32_t version = 0;       // 2 or 3
    std::uint32_t cluster_size = 0;  // bytes
    std::uint32_t crypt_method = 0;  // 0 none, 1 AES, 2 LUKS
    std::uint32_t snapshots = 0;     // internal snapshots
    std::uint32_t refcount_bits = 16;
    std::uint64_t incompatible_features = 0;
    std::uint64_t compatible_features = 0;
    std::uint64_t autoclear_features = 0;
    std::string compression = "zlib";  // zlib or zstd
    std::optional<std::string> backing_file = {};
    std::optional<std::string> backing_format = {};
    std::optional<std::string> data_file = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("version", self.version);
        visit("cluster_size", self.cluster_size);
        visit("crypt_method", self.crypt_method);
        visit("snapshots", self.snapshots);
        visit("refcount_bits", self.refcount_bits);
        visit("incompatible_features", self.incompatible_features);
        visit("compatible_features", self.compatible_features);
        visit("autoclear_features", self.autoclear_features);
        visit("compression", self.compression);
        visit("backing_file", self.backing_file);
        visit("backing_format", self.backing_format);
        visit("data_file", self.data_file);
    }
};

// VHD, Microsoft "Virtual Hard Disk Image Format Specification" 1.0, "Hard Disk Footer Format".
struct VhdDetails {
    std::string creator_application;  // 4 characters, blanks kept: "vpc ", "win ", "qem2"
    std::uint64_t original_size = 0;  // bytes
    std::uint64_t current_size = 0;   // bytes: the virtual size
    std::uint32_t cylinders = 0;
    std::uint32_t heads = 0;
    std::uint32_t sectors_per_track = 0;
    std::uint32_t disk_type = 0;  // 2 fixed, 3 dynamic, 4 differencing
    bool footer_checksum_valid = false;
    std::optional<bool> header_checksum_valid = {};  // of the dynamic disk header
    std::optional<std::uint32_t> block_size = {};    // bytes
    std::optional<std::uint32_t> table_entries = {};
    std::optional<std::string> parent = {};  // the parent's name, where differencing

    static void fields(auto &self, auto &&visit)
    {
        visit("creator_application", self.creator_application);
        visit("original_size", self.original_size);
        visit("current_size", self.current_size);
        visit("cylinders", self.cylinders);
        visit("heads", self.heads);
        visit("sectors_per_track", self.sectors_per_track);
        visit("disk_type", self.disk_type);
        visit("footer_checksum_valid", self.footer_checksum_valid);
        visit("header_checksum_valid", self.header_checksum_valid);
        visit("block_size", self.block_size);
        visit("table_entries", self.table_entries);
        visit("parent", self.parent);
    }
};

// One extent line of a VMDK descriptor.
struct VmdkExtent {
    std::string access;         // RW, RDONLY, NOACCESS
    std::uint64_t sectors = 0;  // of 512 bytes
    std::string type;           // FLAT, SPARSE, ZERO, VMFS, ...
    std::string file = {};      // the name as written
    std::uint64_t offset = 0;   // sectors into `file`, FLAT only

    static void fields(auto &self, auto &&visit)
    {
        visit("access", self.access);
        visit("sectors", self.sectors);
        visit("type", self.type);
        visit("file", self.file);
        visit("offset", self.offset);
    }
};

// VMDK, VMware "Virtual Disk Format 5.0".
struct VmdkDetails {
    std::string create_type;  // monolithicSparse, streamOptimized, twoGbMaxExtentFlat, ...
    std::vector<VmdkExtent> extents = {};
    bool embedded_descriptor = true;         // false: the file is the descriptor text itself
    std::optional<std::string> parent = {};  // parentFileNameHint, where it is a delta

    static void fields(auto &self, auto &&visit)
    {
        visit("create_type", self.create_type);
        visit("extents", self.extents);
        visit("embedded_descriptor", self.embedded_descriptor);
        visit("parent", self.parent);
    }
};

// VHDX, [MS-VHDX].
struct VhdxDetails {
    std::uint32_t block_size = 0;           // bytes
    std::uint32_t logical_sector_size = 0;  // bytes
    bool has_parent = false;
    bool log_pending = false;  // the log must be replayed before the contents are right

    static void fields(auto &self, auto &&visit)
    {
        visit("block_size", self.block_size);
        visit("logical_sector_size", self.logical_sector_size);
        visit("has_parent", self.has_parent);
        visit("log_pending", self.log_pending);
    }
};

// ISO 9660 (ECMA-119) and El Torito.
struct IsoDetails {
    std::string volume_id;
    bool hybrid = false;         // a partition table in the system area
    bool el_torito = false;      // a boot catalogue
    bool el_torito_efi = false;  // with an entry for platform 0xEF
    bool joliet = false;

    static void fields(auto &self, auto &&visit)
    {
        visit("volume_id", self.volume_id);
        visit("hybrid", self.hybrid);
        visit("el_torito", self.el_torito);
        visit("el_torito_efi", self.el_torito_efi);
        visit("joliet", self.joliet);
    }
};

// A member of an archive that holds a disk, or the reason why there is none.
struct ArchiveMember {
    std::string name;
    std::uint64_t size = 0;  // bytes, unpacked; 0 where the archive does not say
    Format format = Format::unknown;

    static void fields(auto &self, auto &&visit)
    {
        visit("name", self.name);
        visit("size", self.size);
        visit("format", self.format);
    }
};

// One <Disk> of an OVF envelope (DMTF DSP0243, section 9.1) with the <File> it refers to.
struct OvfDisk {
    std::string disk_id;
    std::string file;                             // the member's name; empty where the disk refers to none
    std::uint64_t capacity = 0;                   // bytes
    std::optional<std::uint64_t> file_size = {};  // bytes, where the envelope says
    bool bootable = false;                        // the first in boot order, hence the system disk

    static void fields(auto &self, auto &&visit)
    {
        visit("disk_id", self.disk_id);
        visit("file", self.file);
        visit("capacity", self.capacity);
        visit("file_size", self.file_size);
        visit("bootable", self.bootable);
    }
};

struct OvfDetails {
    std::string name = {};                     // of the virtual system
    std::optional<std::string> firmware = {};  // "bios" or "efi", where the envelope says
    std::vector<OvfDisk> disks = {};           // in the order of the hardware section, the system disk first
    std::optional<bool> manifest_valid = {};   // nullopt: no .mf, or it was not read to the end

    static void fields(auto &self, auto &&visit)
    {
        visit("name", self.name);
        visit("firmware", self.firmware);
        visit("disks", self.disks);
        visit("manifest_valid", self.manifest_valid);
    }
};

// What is particular to a format. At most one of the format structs is set.
struct ImageDetails {
    // What the virtual disk begins with, where that can be said without decoding: "mbr", "gpt", "ext4", ...
    std::optional<std::string> content = {};
    std::optional<Qcow2Details> qcow2 = {};
    std::optional<VhdDetails> vhd = {};
    std::optional<VmdkDetails> vmdk = {};
    std::optional<VhdxDetails> vhdx = {};
    std::optional<IsoDetails> iso = {};
    std::optional<OvfDetails> ovf = {};
    std::vector<ArchiveMember> members = {};  // of the innermost archive, regular files only, capped at 100

    static void fields(auto &self, auto &&visit)
    {
        visit("content", self.content);
        visit("qcow2", self.qcow2);
        visit("vhd", self.vhd);
        visit("vmdk", self.vmdk);
        visit("vhdx", self.vhdx);
        visit("iso", self.iso);
        visit("ovf", self.ovf);
        visit("members", self.members);
    }
};

struct ImageError {
    std::string code;  // to_string(ErrorCode)
    std::string message;

    static void fields(auto &self, auto &&visit)
    {
        visit("code", self.code);
        visit("message", self.message);
    }
};

// IMAGE of the JSON contract.
struct ImageFacts {
    std::string path;
    Format format = Format::unknown;
    std::string variant = {};                        // "v3", "dynamic", "streamOptimized", "hybrid", ...
    std::optional<std::uint64_t> virtual_size = {};  // bytes
    std::uint64_t file_size = 0;                     // bytes
    std::uint64_t allocated_size = 0;                // bytes on the host's disk (st_blocks)
    std::vector<std::string> wrapped_in = {};        // from the outside in: {"xz"}, {"zip"}
    std::optional<std::string> member = {};          // the archive member that is the disk
    std::vector<Hazard> hazards = {};
    ImageDetails details = {};
    std::optional<ImageError> error = {};  // malformed or unreadable; `format` stays where recognised

    const Hazard *hazard(std::string_view id) const;
    // A hazard of severity refuse, or an error.
    bool refused() const;
    // Of a refused one: why, with the exit code that goes with it.
    Error refusal() const;

    static void fields(auto &self, auto &&visit)
    {
        visit("path", self.path);
        visit("format", self.format);
        visit("variant", self.variant);
        visit.nullable("virtual_size", self.virtual_size);
        visit("file_size", self.file_size);
        visit("allocated_size", self.allocated_size);
        visit("wrapped_in", self.wrapped_in);
        visit("member", self.member);
        visit("hazards", self.hazards);
        visit("details", self.details);
        visit("error", self.error);
    }
};

// What the user allows beyond reading the image itself: other files that it may lead to, by name, and being root where
// it lies.
struct AllowedFiles {
    std::vector<std::string> backing = {};  // --allow-backing
    std::vector<std::string> extents = {};  // --allow-extent
    bool remote_sudo = false;               // --remote-sudo: of ssh://..., read there by `sudo -n`
};

struct ProbeOptions {
    AllowedFiles allowed = {};
    // Bounds for looking into wrapped images (docs/contract.md, "probe").
    std::uint64_t max_stream_bytes = std::uint64_t{1} << 30;
    double max_stream_seconds = 5.0;
};

// Describes the container. Never fails: what is wrong stands in `error` and `hazards`. `path` may be that of a block
// device, or ssh://[USER@]HOST[:PORT]/PATH; both are raw disks and nothing else.
ImageFacts probe(const std::string &path, const ProbeOptions &options = {});

// {"schema": "imgport.probe/1", "images": [...]}
std::string probe_json(const std::vector<ImageFacts> &images);

}  // namespace imgport
