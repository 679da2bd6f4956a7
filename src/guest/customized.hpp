// What the import platform "Customized Linux" asks of a guest.
#pragma once

#include <vector>

#include <imgport/facts.hpp>

#include "filesystem/tree_maker.hpp"
#include "guest/guest_mounts.hpp"

namespace imgport {

// The folder aliyun_custom_image at the root of the first partition, and the programs started at boot that read the
// file os.conf in it.
Known<CustomizedFacts> read_customized(TreeMaker &maker, GuestMounts &mounts, const std::vector<VolumeFacts> &volumes);

// Whether a script or a unit speaks of that file.
bool speaks_of_os_conf(std::string_view text);

}  // namespace imgport
