// The files of a filesystem that the appliance has mounted.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "filesystem/raw_tree.hpp"

namespace imgport {

class GuestfsHandle;

enum class InodeFlags { known, unknown, ntfs };

class ApplianceTree final : public RawTree {
public:
    // `device` is the name that errors call it by, `mount_point` where it is mounted inside the appliance.
    ApplianceTree(std::shared_ptr<GuestfsHandle> handle, std::string device, std::string mount_point, InodeFlags flags);

    // Whether that filesystem keeps the flags of chattr(1).
    static InodeFlags knows_flags(const std::string &filesystem);

    Result<std::optional<FileStat>> lstat(std::string_view path) override;
    Result<std::string> read_link(std::string_view path) override;
    Result<std::vector<DirectoryEntry>> list(std::string_view path) override;
    Result<std::unique_ptr<FileStream>> open(std::string_view path) override;
    Result<std::optional<Flags>> flags(std::string_view path) override;

private:
    // A call takes milliseconds, so a directory that is asked about again and again is fetched as a whole.
    struct Directory {
        unsigned questions = 0;
        std::optional<std::vector<DirectoryEntry>> entries = {};
        std::map<std::string, FileStat, std::less<>> stats = {};
    };

    std::string inside(std::string_view path) const;
    Error error(std::string_view path) const;
    Directory &directory(const std::string &path);
    Result<std::optional<FileStat>> ask_stat(std::string_view path);
    Result<std::optional<Flags>> ntfs_flags(std::string_view path);
    Result<void> fetch_entries(const std::string &path, Directory &directory);
    Result<void> fetch_stats(const std::string &path, Directory &directory);

    std::shared_ptr<GuestfsHandle> m_handle;
    std::string m_device;
    std::string m_mount_point;
    InodeFlags m_flags;
    std::unordered_map<std::string, Directory> m_directories;
    std::size_t m_remembered = 0;  // entries
};

}  // namespace imgport
