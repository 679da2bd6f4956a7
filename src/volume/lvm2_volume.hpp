// A logical volume's bytes, put together from the physical volumes that they lie on.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <imgport/disk.hpp>

namespace imgport {

// A part of a logical volume. Bytes. The pieces of `stripe_size` go to the stripes in turn (Linux:
// Documentation/admin-guide/device-mapper/striped.rst); with one stripe it is a plain run.
struct StripedRun {
    struct Stripe {
        std::shared_ptr<Disk> disk;
        std::uint64_t offset = 0;
    };
    std::uint64_t offset = 0;       // in the logical volume
    std::uint64_t length = 0;       // more than 0, a multiple of the number of stripes times stripe_size
    std::uint64_t stripe_size = 0;  // more than 0 where there is more than one stripe
    std::vector<Stripe> stripes = {};
};

// The runs follow each other from 0 on without gaps, and the ranges they name lie inside their disks.
std::shared_ptr<Disk> make_striped_disk(std::vector<StripedRun> runs);

}  // namespace imgport
