// A volume group as its metadata describes it: checked for itself, before any device is looked at.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/error.hpp>

namespace imgport {

// lvm2: lib/format_text/import_vsn1.c says which fields there are, lib/metadata/lv_manip.c what they mean.

struct Lvm2Device {
    std::string name;            // in the metadata: "pv0"
    std::string uuid;            // 32 characters, without dashes
    bool missing = false;        // LVM2 marked it as lost: what it holds may be old
    std::uint64_t pe_start = 0;  // bytes
    std::uint64_t pe_count = 0;  // extents
};

struct Lvm2Stripe {
    std::size_t device = 0;    // index into Lvm2Group::devices
    std::uint64_t extent = 0;  // the first one on it
};

struct Lvm2Segment {
    std::uint64_t start = 0;  // extents
    std::uint64_t count = 0;  // extents
    std::string type;         // "striped", also for linear ones; "thin", "raid1", ...
    // Of "striped" ones only. Empty where a part lies on another logical volume, which `on_volume` names.
    std::vector<Lvm2Stripe> stripes = {};
    std::string on_volume = {};
    std::uint64_t stripe_size = 0;  // bytes; 0 where there is one stripe
};

struct Lvm2Volume {
    std::string name;
    bool listed = false;  // `lvs` shows it and a system would activate it by itself
    std::vector<Lvm2Segment> segments = {};
    std::uint64_t extents = 0;  // of a snapshot: those of its origin
    // Why it is not what its segments say: "a snapshot", "a volume that a snapshot is merged into".
    std::string special = {};
};

struct Lvm2Group {
    std::string name;
    std::string uuid;  // 32 characters, without dashes
    std::uint64_t seqno = 0;
    bool exported = false;          // it was taken out of its system: nothing of it is activated
    std::uint64_t extent_size = 0;  // bytes
    std::vector<Lvm2Device> devices = {};
    std::vector<Lvm2Volume> volumes = {};  // all of them, by name
};

// Errors: malformed where LVM2 would refuse the group as a whole: numbers that do not fit together, extents that a
// device does not have or that two segments share; unsupported for another version of the format.
Result<Lvm2Group> read_lvm2_group(std::string_view text);

}  // namespace imgport
