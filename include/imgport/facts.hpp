// Everything learnt about the disk, its volumes and the guest: the answer of `imgport inspect`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <imgport/disk_facts.hpp>
#include <imgport/guest_facts.hpp>
#include <imgport/image.hpp>

namespace imgport {

// Why part of an inspection is missing.
struct InspectionGap {
    std::string reason;
    bool machine = false;  // the machine is the cause (no appliance), not the image: exit 4

    static void fields(auto &self, auto &&visit)
    {
        visit("reason", self.reason);
        visit("machine", self.machine);
    }
};

struct Inspection {
    std::optional<DiskFacts> disk = {};
    std::vector<VolumeFacts> volumes = {};
    std::optional<GuestFacts> guest = {};   // nullopt: no system was found, or see `gap`
    std::optional<InspectionGap> gap = {};  // set: what is missing here is unknown, not absent
    std::string inspector = {};             // which engine read the file trees: "appliance", "native"

    // The volume with that device name; nullptr where there is none.
    const VolumeFacts *volume(std::string_view device) const;

    static void fields(auto &self, auto &&visit)
    {
        visit("disk", self.disk);
        visit("volumes", self.volumes);
        visit("guest", self.guest);
        visit("gap", self.gap);
        visit("inspector", self.inspector);
    }
};

}  // namespace imgport
