// The way to the appliance engine (src/appliance), which is a module of its own: libguestfs brings sixty libraries
// with it, and most runs never need them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <imgport/progress.hpp>

#include "filesystem/tree_maker.hpp"

namespace imgport {

struct ApplianceDisk {
    std::string nbd_socket;           // path of the socket that serves the raw disk, read-only
    std::uint64_t sector_size = 512;  // bytes, as the partition table was written for
    std::string temp_dir = {};        // empty: libguestfs's own choice
};

// Loads the module on first use and starts an appliance on that disk, which must be served for as long as the result
// and its trees live. An error (environment) where there is no module, or the appliance does not start.
Result<std::unique_ptr<TreeMaker>> start_appliance(const ApplianceDisk &disk, ProgressSink &progress);

}  // namespace imgport

// What the module gives: its one symbol. Both sides are of one build: the module links the library's full version.
extern "C" void imgport_start_appliance(const imgport::ApplianceDisk &disk, imgport::ProgressSink &progress,
                                        imgport::Result<std::unique_ptr<imgport::TreeMaker>> &result);
