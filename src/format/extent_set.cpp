#include "format/extent_set.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "format/file_container.hpp"
#include "format/reading.hpp"
#include "format/vmdk_sparse.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr const char *descriptor_name = "disk.vmdk";

Error bad_extent(const std::string &file, std::string message)
{
    Error error{ErrorCode::malformed, std::move(message)};
    error.file = file;
    error.field = "extent";
    return error;
}

// A sparse extent is read by QEMU's code: it gets there only with a header that ours found sane.
Result<void> check_sparse(const std::string &path, const VmdkExtent &extent)
{
    auto file = InputFile::open(path, Links::refuse);
    if (!file)
        return fail(file.error());
    FileContainer container(std::move(*file));
    ImageFacts facts;
    auto const magic = container.read(0, 4);
    if (!magic || !begins_with(*magic, "KDMV"))
        return fail(bad_extent(path, "is no sparse extent"));
    auto const header = read_vmdk_sparse_header(container, facts);
    if (!header)
        return fail(header.error());
    if (header->capacity != extent.sectors)
        return fail(bad_extent(
            path, fmt::format("holds {} sectors, the descriptor says {}", header->capacity, extent.sectors)));
    if (auto done = check_vmdk_grains(container, *header, facts); !done)
        return done;
    if (facts.refused())
        return fail(bad_extent(path, facts.error ? facts.error->message : facts.hazards.front().message));
    return {};
}

Result<void> check_flat(const InputFile &file, const VmdkExtent &extent)
{
    auto const start = checked_mul(extent.offset, sector_size);
    auto const length = checked_mul(extent.sectors, sector_size);
    if (!start || !length || !range_inside(*start, *length, file.size()))
        return fail(bad_extent(file.path(), fmt::format("has {} bytes, too few for {} sectors at sector {}",
                                                        file.size(), extent.sectors, extent.offset)));
    return {};
}

}  // namespace

Result<ExtentSet> ExtentSet::open(const std::string &path, const VmdkDetails &descriptor, const AllowedFiles &allowed,
                                  const std::string &temp_dir)
{
    auto folder = TempDir::create(temp_dir);
    if (!folder)
        return fail(folder.error());
    ExtentSet set(std::move(*folder));
    bool sparse = false;
    std::string lines;
    for (auto const &extent : descriptor.extents) {
        auto line = set.add(path, extent, allowed);
        if (!line)
            return fail(line.error());
        lines += *line;
        sparse = sparse || extent.type == "SPARSE";
    }
    // Only the lines that QEMU asks for; nothing of the original's text. No blank line may stand before an extent:
    // QEMU's scanner (7.2) skips it, and counts the extent twice.
    auto const text = fmt::format("# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\n"
                                  "createType=\"{}\"\n# Extents\n{}# Disk Data Base\nddb.adapterType = \"ide\"\n",
                                  sparse ? "twoGbMaxExtentSparse" : "twoGbMaxExtentFlat", lines);
    if (auto done = write_file(fmt::format("{}/{}", set.m_folder.path(), descriptor_name), text, Overwrite::no); !done)
        return fail(done.error());
    set.m_folder_fd = Fd(::open(set.m_folder.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!set.m_folder_fd)
        return fail(system_error(ErrorCode::environment, "cannot be opened", set.m_folder.path(), errno));
    return set;
}

// The line for our descriptor.
Result<std::string> ExtentSet::add(const std::string &path, const VmdkExtent &extent, const AllowedFiles &allowed)
{
    if (extent.type == "ZERO") {
        m_lines.emplace_back(extent, std::nullopt);
        return fmt::format("RW {} ZERO\n", extent.sectors);
    }
    bool const flat = extent.type == "FLAT" || extent.type == "VMFS";
    if ((!flat && extent.type != "SPARSE") || extent.access == "NOACCESS")
        return fail(bad_extent(path, fmt::format("an extent '{} {}' is not supported", printable(extent.access, 20),
                                                 printable(extent.type, 20))));
    bool const named = std::find(allowed.extents.begin(), allowed.extents.end(), extent.file) != allowed.extents.end();
    if (!named || !is_plain_name(extent.file)) {
        Error error{ErrorCode::refused, fmt::format("leads to another file, {}", imgport::quoted(extent.file))};
        error.file = path;
        error.hint = "--allow-extent FILE allows it";
        return fail(error);
    }
    std::string const place = dir_name(path) + "/" + extent.file;
    auto file = InputFile::open(place, Links::refuse);
    if (!file)
        return fail(file.error());
    if (auto done = flat ? check_flat(*file, extent) : check_sparse(place, extent); !done)
        return fail(done.error());
    m_files.push_back(std::move(*file));
    std::size_t const number = m_files.size() - 1;
    m_lines.emplace_back(extent, number);
    if (auto done = link(number); !done)
        return fail(done.error());
    if (flat)
        return fmt::format("RW {} FLAT \"e{}\" {}\n", extent.sectors, number, extent.offset);
    return fmt::format("RW {} SPARSE \"e{}\"\n", extent.sectors, number);
}

Result<void> ExtentSet::link(std::size_t number)
{
    std::string const target = fmt::format("/proc/self/fd/{}", m_files[number].fd());
    std::string const name = fmt::format("{}/e{}", m_folder.path(), number);
    if (::symlink(target.c_str(), name.c_str()) != 0)
        return fail(system_error(ErrorCode::environment, "cannot be made", name, errno));
    return {};
}

nlohmann::ordered_json ExtentSet::node() const
{
    return {{"driver", "file"}, {"filename", fmt::format("/proc/self/fd/{}/{}", m_folder_fd.get(), descriptor_name)}};
}

std::vector<int> ExtentSet::fds() const
{
    std::vector<int> fds{m_folder_fd.get()};
    for (auto const &file : m_files)
        fds.push_back(file.fd());
    return fds;
}

std::vector<VmdkPart> ExtentSet::parts() const
{
    std::vector<VmdkPart> parts;
    for (auto const &[extent, number] : m_lines)
        parts.push_back({extent, number ? &m_files[*number] : nullptr});
    return parts;
}

Result<void> ExtentSet::check_unchanged() const
{
    for (auto const &file : m_files) {
        if (auto done = file.check_unchanged(); !done)
            return done;
    }
    return {};
}

}  // namespace imgport
