#include "volume/volumes.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/text.hpp"
#include "volume/boot_sector.hpp"
#include "volume/bsd_label.hpp"
#include "volume/gpt.hpp"
#include "volume/mbr.hpp"
#include "volume/superblock.hpp"

namespace imgport {
namespace {

constexpr std::size_t boot_code_size = 440;
constexpr std::size_t most_problems = 100;

void describe_table(VolumeReader &reader, DiskFacts &facts)
{
    auto const mbr = read_mbr(reader);
    auto gpt = read_gpt(reader);
    if (mbr && mbr->has_partitions() && !mbr->protective()) {
        // Firmware and kernels go by the MBR then: UEFI 2.10, section 5.3.2 wants the protective entry.
        if (gpt)
            facts.problems.push_back("there is a GPT as well, but no protective entry in the MBR: it is ignored");
        gpt.reset();
    }
    // Without a protective entry a damaged header is what an earlier owner left behind.
    if (gpt && !(mbr && mbr->protective())) {
        if (!gpt->facts.primary_valid && !gpt->facts.backup_valid)
            gpt.reset();
        else
            facts.problems.push_back("the GPT has no protective MBR");
    }
    if (gpt) {
        facts.table = "gpt";
        facts.sector_size = gpt->sector_size;
        facts.table_uuid = to_lower(gpt->disk_guid);
        facts.gpt = std::move(gpt->facts);
        facts.partitions = std::move(gpt->partitions);
    } else if (mbr) {
        facts.table = "mbr";
        facts.table_uuid = mbr->signature != 0 ? fmt::format("{:08x}", mbr->signature) : "";
        facts.partitions = mbr_partitions(reader, *mbr, facts.problems);
        add_bsd_partitions(reader, facts.partitions, facts.problems);
        if (mbr->protective())
            facts.problems.push_back("the MBR is a protective one, but there is no GPT");
    }
}

bool is_container(const PartitionFacts &partition, const DiskFacts &facts)
{
    return facts.table == "mbr" &&
           (is_extended_type(partition.type) || holds_bsd_partitions(partition, facts.partitions));
}

// Ranges that share bytes. A logical partition lies inside its container: containers are left out.
void find_overlaps(DiskFacts &facts)
{
    std::vector<const PartitionFacts *> sorted;
    for (auto const &partition : facts.partitions) {
        if (!is_container(partition, facts))
            sorted.push_back(&partition);
    }
    std::sort(sorted.begin(), sorted.end(), [](auto a, auto b) { return a->offset < b->offset; });
    const PartitionFacts *furthest = nullptr;
    for (auto const *partition : sorted) {
        if (furthest && partition->offset < furthest->offset + furthest->length)
            facts.problems.push_back(fmt::format("partitions {} and {} overlap", furthest->number, partition->number));
        if (!furthest || partition->offset + partition->length > furthest->offset + furthest->length)
            furthest = partition;
    }
    for (auto const &partition : facts.partitions) {
        if (!partition.inside_disk)
            facts.problems.push_back(fmt::format("partition {} ends past the end of the disk", partition.number));
    }
}

Result<FilesystemFacts> filesystem_of(const std::shared_ptr<Disk> &disk, std::uint64_t offset, std::uint64_t length)
{
    if (offset >= disk->size())
        return FilesystemFacts{};
    auto volume = slice(disk, offset, std::min(length, disk->size() - offset));
    if (!volume)
        return tl::unexpected(volume.error());
    return describe_filesystem(**volume);
}

}  // namespace

Result<DiskFacts> describe_disk(Disk &disk)
{
    VolumeReader reader(disk);
    DiskFacts facts;
    facts.size = disk.size();
    describe_table(reader, facts);
    if (auto const sector = reader.read(0, 512)) {
        facts.boot_code = !all_zero(Bytes(*sector).first(boot_code_size));
        facts.boot_sector_loaders = boot_sector_loaders(*sector);
        if (std::count(facts.boot_sector_loaders.begin(), facts.boot_sector_loaders.end(), "grub2") != 0)
            facts.grub_core_found = grub_core_found(reader, *sector);
    }
    find_overlaps(facts);
    if (facts.problems.size() > most_problems)
        facts.problems.resize(most_problems);
    if (facts.gpt && facts.gpt->problems.size() > most_problems)
        facts.gpt->problems.resize(most_problems);
    if (reader.error())
        return fail(*reader.error());
    return facts;
}

Result<std::vector<VolumeFacts>> list_volumes(const std::shared_ptr<Disk> &disk, const DiskFacts &facts)
{
    std::vector<VolumeFacts> volumes;
    if (facts.table == "none") {
        auto filesystem = filesystem_of(disk, 0, disk->size());
        if (!filesystem)
            return tl::unexpected(filesystem.error());
        volumes.push_back({"/dev/sda", "disk", 0, 0, disk->size(), "", "", std::move(*filesystem)});
        return volumes;
    }
    for (auto const &partition : facts.partitions) {
        if (is_container(partition, facts))
            continue;
        auto filesystem = filesystem_of(disk, partition.offset, partition.length);
        if (!filesystem)
            return tl::unexpected(filesystem.error());
        volumes.push_back({fmt::format("/dev/sda{}", partition.number), "partition", partition.number, partition.offset,
                           partition.length, partition.uuid, partition.name, std::move(*filesystem)});
    }
    return volumes;
}

}  // namespace imgport
