// Filesystems read by libguestfs: a small virtual machine with a Linux kernel of its own looks at the disk, so that no
// guest filesystem is ever mounted on the host's kernel.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <imgport/progress.hpp>

#include "filesystem/appliance_module.hpp"
#include "filesystem/tree_maker.hpp"

namespace imgport {

class GuestfsHandle;

class Appliance final : public TreeMaker {
public:
    // Starts with KVM where that works, else without, and says so once. An error (environment) where the appliance
    // does not start at all.
    static Result<std::unique_ptr<Appliance>> start(const ApplianceDisk &disk, ProgressSink &progress);
    ~Appliance() override;

    std::string name() const override { return "appliance"; }
    std::optional<Error> failure() const override;
    Result<FoundVolumes> more_volumes(const std::vector<VolumeFacts> &known) override;
    Result<std::shared_ptr<RawTree>> open(const VolumeFacts &volume, const std::string &subvolume) override;
    Result<std::vector<std::string>> subvolumes(const VolumeFacts &volume) override;

private:
    explicit Appliance(std::shared_ptr<GuestfsHandle> handle);
    // Where the volume is mounted inside the appliance: mounted on first use.
    Result<std::string> mounted(const VolumeFacts &volume, const std::string &subvolume);

    std::shared_ptr<GuestfsHandle> m_handle;
    std::map<std::string, std::string> m_mounted;  // device and subvolume; mount point
};

}  // namespace imgport
