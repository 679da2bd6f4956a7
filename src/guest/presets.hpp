// What systemd enables by itself when an image starts for the first time: systemd.preset(5), machine-id(5).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guest/guest_files.hpp"

namespace imgport {

class Presets {
public:
    // The lines of the image's preset files, in the order in which they count. nullopt where no first boot is ahead:
    // /etc/machine-id exists and does not say "uninitialized"; or where systemd is not what starts the guest.
    static std::optional<Presets> of_first_boot(GuestFiles &files);

    // Whether a unit is to be enabled, by its own name, not an alias.
    bool enables(std::string_view unit) const;

private:
    struct Rule {
        bool enable = false;
        std::string pattern;
    };
    std::vector<Rule> m_rules;
};

// Whether enabling a unit makes an ordinary boot start it: the [Install] section of `file` or of its drop-ins below
// one of `folders` names a unit to hang it on. `starts_at_boot` tells such units from rescue.target and the like.
bool installs_into_boot(GuestFiles &files, const std::string &file, const std::string &unit,
                        const std::vector<std::string> &folders, bool (*starts_at_boot)(std::string_view));

}  // namespace imgport
