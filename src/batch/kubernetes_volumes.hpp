// What pods can see: files on the volumes that the user names, by the paths that they have here.
#pragma once

#include <string>
#include <vector>

#include <imgport/batch.hpp>

#include "batch/kubernetes_manifest.hpp"

namespace imgport {

// A file or folder that a job needs.
struct NeededPath {
    std::string path;
    std::string what;      // "data disk"
    bool written = false;  // something is put there
};
std::vector<NeededPath> paths_of(const BatchJob &job);

// The volumes as pods mount them: for reading, unless the batch's folder or a destination is on them. A path on none of
// them, an address and a device are usage errors.
Result<std::vector<PodVolume>> volumes_for(const std::string &folder, const std::vector<const BatchJob *> &jobs,
                                           const std::vector<SharedVolume> &volumes);

}  // namespace imgport
