// A VMDK whose descriptor and extents are files of their own, made ready for QEMU.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <imgport/image.hpp>

#include "format/vmdk_disk.hpp"
#include "support/file.hpp"

namespace imgport {

class ExtentSet {
public:
    // Opens each extent that `descriptor` (of the VMDK at `path`) lists: only names that the user allowed, plain ones,
    // beside the descriptor, regular files, no links. QEMU gets a descriptor of our own writing, in a private folder,
    // where the extents are links to the descriptors that it inherits.
    static Result<ExtentSet> open(const std::string &path, const VmdkDetails &descriptor, const AllowedFiles &allowed,
                                  const std::string &temp_dir);

    nlohmann::ordered_json node() const;
    std::vector<int> fds() const;
    // The lines with their files, for our own reader. Good as long as this object stays where it is.
    std::vector<VmdkPart> parts() const;
    Result<void> check_unchanged() const;

private:
    explicit ExtentSet(TempDir folder) : m_folder(std::move(folder)) {}
    Result<std::string> add(const std::string &path, const VmdkExtent &extent, const AllowedFiles &allowed);
    Result<void> link(std::size_t number);

    TempDir m_folder;
    Fd m_folder_fd;
    std::vector<InputFile> m_files;
    // Each line, and the number of its file, where it has one.
    std::vector<std::pair<VmdkExtent, std::optional<std::size_t>>> m_lines;
};

}  // namespace imgport
