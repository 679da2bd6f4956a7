// One disk on its way to an artifact, and what its manifest says of it.
#pragma once

#include <optional>
#include <string>

#include <imgport/manifest.hpp>
#include <imgport/prepare.hpp>

#include "convert/plan.hpp"
#include "handoff/stream_upload.hpp"

namespace imgport {

struct DiskJob {
    std::string path = {};
    std::string name = {};
    Role role = Role::system;
    std::optional<OvfDisk> ovf = {};  // one of an OVA's further disks
    LintResult linted = {};
    ConversionPlan plan = {};
    ConvertResult converted = {};
    std::string manifest = {};
    std::optional<StreamedObject> object = {};  // where it was streamed to
    std::string sha256_unknown = {};

    // The artifact's name.
    std::string file_name(Format target) const { return name + "." + suffix_of(target); }
};

// `import`: what this disk's manifest says of the import. Complete as soon as the disk is converted.
Manifest manifest_of(const DiskJob &job, const PrepareOptions &options, const std::string &profile,
                     ImportParameters import);

}  // namespace imgport
