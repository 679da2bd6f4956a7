#include "batch/estimate.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <sys/stat.h>

#include "convert/plan.hpp"
#include "support/file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t metadata = std::uint64_t{1} << 20;

// Of a system disk's data, by zlib or zstd in clusters of 64 KiB: 0.4 to 0.5 for programs and libraries, near 1 for
// media, databases that compress by themselves, and what is encrypted.
constexpr double usual_ratio = 0.5;
// What a packed source unpacks to, by the same reckoning.
constexpr double usual_unpacking = 1 / usual_ratio;

std::uint64_t times(std::uint64_t bytes, double factor)
{
    return static_cast<std::uint64_t>(static_cast<double>(bytes) * factor);
}

// Blocks on disk; of a block device its whole.
std::uint64_t allocated_of(const std::string &path)
{
    struct stat st {};
    if (::stat(path.c_str(), &st) != 0)
        return 0;
    if (S_ISBLK(st.st_mode)) {
        auto const device = InputFile::open(path);
        return device ? device->size() : 0;
    }
    return static_cast<std::uint64_t>(st.st_blocks) * 512;
}

bool compresses(const ConvertOptions &options)
{
    return options.target == Format::qcow2 && options.compression != Compression::none;
}

// What the target stores of so many bytes of data.
std::uint64_t stored(std::uint64_t data, std::uint64_t virtual_size, const ConvertOptions &options)
{
    std::uint64_t const overhead = options.target == Format::raw ? 0 : metadata + data / 4096;
    if (options.target == Format::vhd && options.vhd_type == VhdType::fixed)
        return std::min(data, virtual_size) + 512;
    return std::min(data, virtual_size) + overhead;
}

struct DataGuess {
    std::uint64_t data = 0;    // bytes of the disk that are not holes
    std::uint64_t packed = 0;  // what they take compressed; 0: not known
    std::string how;
};

DataGuess data_in(const ImageFacts &image, std::uint64_t virtual_size)
{
    if (!image.wrapped_in.empty() || image.format == Format::ova || image.format == Format::dmg)
        return {std::min(virtual_size, times(image.file_size, usual_unpacking)), image.file_size,
                "the source is packed: its data are taken to be twice as large"};
    std::uint64_t const there = std::min(image.allocated_size, image.file_size);
    if (image.format == Format::vmdk && image.variant == "streamOptimized")
        return {std::min(virtual_size, times(there, usual_unpacking)), there,
                "the source is compressed: its data are taken to be twice as large"};
    if (image.format == Format::qcow2 && there < virtual_size)
        return {
            std::min(virtual_size, there), 0,
            "what the source has allocated; more where its clusters are compressed, which its header does not tell"};
    return {std::min(virtual_size, there), 0, "what the source has allocated"};
}

}  // namespace

std::uint64_t source_bytes(const BatchJob &job)
{
    std::uint64_t bytes = allocated_of(job.path);
    if (auto const *const disks = job.option("data-disk"); disks != nullptr) {
        for (auto const &disk : disks->values)
            bytes += allocated_of(disk);
    }
    return bytes;
}

bool looks_packed(const std::string &path)
{
    constexpr std::array packed{".gz", ".xz", ".bz2", ".zst", ".zip", ".tgz", ".ova", ".dmg"};
    return std::any_of(packed.begin(), packed.end(),
                       [name = to_lower(path)](const char *suffix) { return name.ends_with(suffix); });
}

std::uint64_t reserve_for(const std::string &path, std::uint64_t allocated, const ConvertOptions &options)
{
    constexpr std::array maybe_packed{".qcow2", ".vmdk"};
    auto const ends = [name = to_lower(path)](const char *suffix) { return name.ends_with(suffix); };
    bool const is_packed = looks_packed(path);
    bool const may_be = std::any_of(maybe_packed.begin(), maybe_packed.end(), ends);
    double factor = 1;
    if (compresses(options))
        factor = is_packed || may_be ? 1.2 : usual_ratio + 0.1;
    else if (is_packed)
        factor = usual_unpacking * 1.2;
    return times(allocated, factor) + metadata;
}

SizeEstimate estimate_artifact(const ImageFacts &image, const ConvertOptions &options)
{
    SizeEstimate estimate;
    std::uint64_t const size = image.virtual_size.value_or(times(image.file_size, usual_unpacking));
    auto const guess = data_in(image, size);
    estimate.how = guess.how;
    if (compresses(options)) {
        std::uint64_t const packed = guess.packed != 0 ? guess.packed : times(guess.data, usual_ratio);
        estimate.expected = stored(packed, size, options);
        estimate.how += guess.packed != 0 ? "; compressed about as the source is" : "; compressed to half of it";
    } else {
        estimate.expected = stored(guess.data, size, options);
    }
    if (image.virtual_size)
        estimate.at_most = stored(size, size, options);
    // What is wrapped is unpacked into a temporary file, holes kept.
    if (!image.wrapped_in.empty())
        estimate.temporary = guess.data;
    return estimate;
}

}  // namespace imgport
