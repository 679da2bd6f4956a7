// A VMDK whose descriptor and extents are files of their own, made ready for QEMU.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <imgport/image.hpp>

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
    Result<void> check_unchanged() const;

private:
    explicit ExtentSet(TempDir folder) : m_folder(std::move(folder)) {}
    Result<std::string> add(const std::string &path, const VmdkExtent &extent, const AllowedFiles &allowed);
    Result<void> link(std::size_t number);

    TempDir m_folder;
    Fd m_folder_fd;
    std::vector<InputFile> m_files;
};

}  // namespace imgport
