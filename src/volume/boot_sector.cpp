#include "volume/boot_sector.hpp"

namespace imgport {
namespace {

using namespace std::string_view_literals;

bool contains(Bytes sector, std::string_view text)
{
    return text_of(sector).find(text) != std::string_view::npos;
}

// Both GRUBs carry the same messages. GRUB Legacy's stage1 has its compatibility version, 3.1 or 3.2, at 0x3E, where
// GRUB 2's boot.img keeps room for a BIOS parameter block, which is zero on a hard disk.
bool is_grub(Bytes sector)
{
    return contains(sector, "GRUB \0Geom\0"sv) && contains(sector, "Read\0 Error"sv);
}

bool is_grub_legacy(Bytes sector)
{
    return load_le<std::uint8_t>(sector, 0x3e) == 3 && load_le<std::uint8_t>(sector, 0x3f) <= 2;
}

// SYSLINUX brings code for the master boot record: mbr.bin, and gptmbr.bin, which hands "!GPT" over to the partition.
bool is_syslinux_mbr(Bytes sector)
{
    return contains(sector, "Operating system load error.") ||
           (contains(sector, "!GPT") && contains(sector, "Missing OS"));
}

// Windows keeps the low bytes of its three messages' addresses at 0x1B5; the code is loaded at 0x600 or 0x7C00, so
// they are offsets into the second half of the sector. Others copied the messages, not these bytes.
bool is_windows_mbr(Bytes sector)
{
    auto const message_at = [&](std::size_t index) {
        return text_of(sector).substr(0x100U + load_le<std::uint8_t>(sector, 0x1b5 + index));
    };
    return message_at(0).starts_with("Invalid partition table") &&
           message_at(1).starts_with("Error loading operating system") &&
           message_at(2).starts_with("Missing operating system");
}

}  // namespace

std::vector<std::string> boot_sector_loaders(Bytes sector)
{
    std::vector<std::string> found;
    if (sector.size() < 512)
        return found;
    std::string_view const text = text_of(sector);
    if (is_grub(sector))
        found.push_back(is_grub_legacy(sector) ? "grub-legacy" : "grub2");
    if (text.substr(6, 4) == "LILO" || text.substr(2, 4) == "LILO")
        found.push_back("lilo");
    if (contains(sector, "isolinux.bin missing or corrupt"))
        found.push_back("isolinux");
    if (contains(sector, "EXTLINUX"))
        found.push_back("extlinux");
    else if (contains(sector, "SYSLINUX") || is_syslinux_mbr(sector))
        found.push_back("syslinux");
    if (is_windows_mbr(sector) || contains(sector, "BOOTMGR is missing") || contains(sector, "NTLDR is missing"))
        found.push_back("windows");
    else if (contains(sector, "Missing operating system") && found.empty())
        found.push_back("generic");
    return found;
}

bool grub_core_found(VolumeReader &disk, Bytes sector)
{
    // GRUB_BOOT_MACHINE_KERNEL_SECTOR: the first sector of the core image, which is diskboot.img.
    auto const first = read_le<std::uint64_t>(sector, 0x5c);
    auto const at = first ? checked_mul<std::uint64_t>(*first, 512) : std::nullopt;
    if (!at || *at == 0)
        return false;
    auto const core = disk.read(*at, 512);
    return core && contains(*core, "loading"sv) && contains(*core, "Geom\0Read\0 Error"sv);
}

}  // namespace imgport
