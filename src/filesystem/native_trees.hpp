// Filesystems read by this program itself, from the disk's bytes: no kernel, no emulator, no privileges.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <imgport/disk.hpp>
#include <imgport/progress.hpp>

#include "filesystem/tree_maker.hpp"

namespace imgport {

class NativeTrees final : public TreeMaker {
public:
    // `notes` is told what a user should know of how a filesystem was read: a journal that was replayed, or was not.
    NativeTrees(std::shared_ptr<Disk> disk, ProgressSink &notes);

    std::string name() const override { return "native"; }
    std::optional<Error> failure() const override { return std::nullopt; }
    Result<FoundVolumes> more_volumes(const std::vector<VolumeFacts> &known) override;
    Result<std::shared_ptr<RawTree>> open(const VolumeFacts &volume, const std::string &subvolume) override;
    Result<std::vector<std::string>> subvolumes(const VolumeFacts &volume) override;

    // What was asked for and is not read natively, by name, one line each; another engine may do better.
    const std::vector<std::string> &unsupported() const { return m_unsupported; }

private:
    Result<std::shared_ptr<Disk>> disk_of(const VolumeFacts &volume);
    Result<std::shared_ptr<RawTree>> read(const VolumeFacts &volume, const std::string &subvolume);
    void note_failure(const Error &error);

    std::shared_ptr<Disk> m_disk;
    ProgressSink &m_notes;
    std::map<std::string, std::shared_ptr<Disk>> m_disks;     // by device
    std::map<std::string, std::shared_ptr<RawTree>> m_trees;  // by device and subvolume
    std::vector<std::string> m_unsupported;
};

}  // namespace imgport
