// A guest out of a few lines of text.
#pragma once

#include <memory>
#include <string>

#include <imgport/facts.hpp>

#include "filesystem/mounted_tree.hpp"
#include "testing/memory_tree.hpp"

namespace imgport::testing {

// A MountedTree that remembers nothing: a test may change files between two looks.
class ForgetfulTree final : public FileTree {
public:
    explicit ForgetfulTree(std::shared_ptr<RawTree> root) : m_root(std::move(root)) {}

    Result<std::optional<FileStat>> stat(std::string_view path, FollowLinks follow) override
    {
        return MountedTree(m_root).stat(path, follow);
    }
    Result<std::optional<FileStat>> stat_flags(std::string_view path) override
    {
        return MountedTree(m_root).stat_flags(path);
    }
    Result<std::string> read_link(std::string_view path) override { return MountedTree(m_root).read_link(path); }
    Result<std::vector<DirectoryEntry>> list(std::string_view path) override { return MountedTree(m_root).list(path); }
    Result<std::optional<std::string>> read_file(std::string_view path, std::size_t limit) override
    {
        return MountedTree(m_root).read_file(path, limit);
    }
    Result<std::unique_ptr<FileStream>> open(std::string_view path) override { return MountedTree(m_root).open(path); }
    Result<std::optional<std::string>> resolve(std::string_view path) override
    {
        return MountedTree(m_root).resolve(path);
    }

private:
    std::shared_ptr<RawTree> m_root;
};

struct Guest {
    std::shared_ptr<MemoryTree> files = std::make_shared<MemoryTree>();
    ForgetfulTree tree{files};

    Guest &file(const std::string &path, std::string text)
    {
        files->file(path, std::move(text));
        return *this;
    }
    Guest &link(const std::string &path, std::string target)
    {
        files->link(path, std::move(target));
        return *this;
    }
    Guest &directory(const std::string &path)
    {
        files->directory(path);
        return *this;
    }
};

inline VolumeFacts partition(std::uint32_t number, std::string type, std::string uuid, std::string label = {})
{
    VolumeFacts volume;
    volume.device = "/dev/sda" + std::to_string(number);
    volume.kind = "partition";
    volume.partition = number;
    volume.partition_uuid = "aaaaaaaa-0" + std::to_string(number);
    volume.partition_label = "part" + std::to_string(number);
    volume.filesystem.type = std::move(type);
    volume.filesystem.uuid = std::move(uuid);
    volume.filesystem.label = std::move(label);
    return volume;
}

inline VolumeFacts logical_volume(std::string device, std::string type, std::string uuid)
{
    VolumeFacts volume;
    volume.device = std::move(device);
    volume.kind = "lvm";
    volume.filesystem.type = std::move(type);
    volume.filesystem.uuid = std::move(uuid);
    return volume;
}

}  // namespace imgport::testing
