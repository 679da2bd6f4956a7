// From an image to facts about its disk, its volumes and its guest.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <imgport/facts.hpp>
#include <imgport/progress.hpp>

namespace imgport {

// Who reads the guest's filesystems.
enum class Inspector {
    automatic,  // native, and the appliance for what native says it does not know
    native,     // this program itself
    appliance,  // libguestfs: slower, and it needs a kernel and an emulator, but knows everything that Linux knows
};
// "auto", "native", "appliance".
const char *to_string(Inspector inspector);
std::optional<Inspector> parse_inspector(std::string_view text);

struct InspectOptions {
    AllowedFiles allowed = {};
    std::string temp_dir = {};       // empty: TMPDIR or /var/tmp
    std::uint64_t max_unpacked = 0;  // bytes; 0: 2 TiB
    Inspector inspector = Inspector::automatic;
    bool volumes_only = false;  // partition table and superblocks: a data disk has no guest
};

// `image` is what probe() said of `path`, not refused. Fails only where the image itself cannot be read; a guest
// that cannot be looked into is a gap in the result.
Result<Inspection> inspect(const std::string &path, const ImageFacts &image, const InspectOptions &options,
                           ProgressSink &progress);

}  // namespace imgport
