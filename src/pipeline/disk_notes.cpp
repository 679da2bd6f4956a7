#include "pipeline/disk_notes.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

// Less than this is not worth a word.
constexpr std::uint64_t worth_an_offer = std::uint64_t{16} << 20;

}  // namespace

void note_dropped(const DiskJob &job, bool wanted, ProgressSink &progress)
{
    std::uint64_t offered = 0;
    std::vector<std::string> kinds;
    for (auto const &dropped : job.converted.dropped) {
        if (wanted) {
            progress.note(fmt::format("{}: {}", printable(job.path), describe(dropped)));
            continue;
        }
        offered += dropped.bytes;
        if (dropped.bytes != 0 && std::ranges::find(kinds, dropped.what) == kinds.end())
            kinds.push_back(dropped.what);
    }
    if (offered >= worth_an_offer)
        progress.note(fmt::format("{}: {} of the disk are dead: leave them out with --drop {}", printable(job.path),
                                  human_size(offered), join(kinds, " --drop ")));
}

void note_envelope(const DiskJob &job, ProgressSink &progress)
{
    auto const &ovf = job.linted.entry.probe.details.ovf;
    std::uint64_t const size = job.converted.artifact.virtual_size.value_or(0);
    if (!ovf)
        return;
    for (auto const &disk : ovf->disks) {
        if (disk.file == job.linted.entry.probe.member && disk.capacity != size)
            progress.note(fmt::format("{}: the OVF gives {} a capacity of {}, the disk has {}", printable(job.path),
                                      printable(disk.file), human_size(disk.capacity), human_size(size)));
    }
    if (job.role != Role::system || !ovf->firmware || !job.linted.inspection)
        return;
    auto const modes = boot_modes_of(*job.linted.inspection);
    bool const efi = *ovf->firmware == "efi";
    if (efi ? !modes.uefi : !modes.bios)
        progress.note(fmt::format("{}: the OVF says that the machine starts by {}, the disk cannot",
                                  printable(job.path), efi ? "UEFI" : "BIOS"));
}

}  // namespace imgport
