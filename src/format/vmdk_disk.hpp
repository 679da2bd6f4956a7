// The disk in a VMDK: VMware "Virtual Disk Format 5.0".
#pragma once

#include <memory>
#include <vector>

#include <imgport/disk.hpp>
#include <imgport/image.hpp>

#include "format/image_cache.hpp"

namespace imgport {

// A sparse extent that is a file of its own: monolithicSparse, streamOptimized, or a part of a split disk. `file` must
// outlive the disk. Unsupported: compressed grains without markers or of more than 2 MiB; a header and a footer that
// describe different disks.
Result<std::shared_ptr<Disk>> open_vmdk_sparse_disk(const InputFile &file, std::shared_ptr<ImageCache> cache);

// One line of a descriptor with the file that it names, which must outlive the disk.
struct VmdkPart {
    VmdkExtent extent = {};
    const InputFile *file = nullptr;
};

// The parts one after another. Unsupported: parts that are neither FLAT, VMFS (the same in a file) nor SPARSE.
Result<std::shared_ptr<Disk>> open_vmdk_split_disk(const std::vector<VmdkPart> &parts,
                                                   std::shared_ptr<ImageCache> cache);

}  // namespace imgport
