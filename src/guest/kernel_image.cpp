#include "guest/kernel_image.hpp"

#include <algorithm>

#include "guest/architecture.hpp"
#include "guest/decompress.hpp"

namespace imgport {
namespace {

// The word up to the first blank of a NUL-terminated string; empty where it is not printable.
std::string version_at(Bytes head, std::size_t offset)
{
    if (offset >= head.size())
        return {};
    std::string_view text = text_of(head.subspan(offset)).substr(0, 256);
    text = text.substr(0, text.find_first_of(std::string_view(" \0\n", 3)));
    bool const printable_only = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
    return printable_only && text.size() < 128 ? std::string(text) : std::string();
}

// "The Linux/x86 Boot Protocol": offsets 0x202 header, 0x206 version, 0x20e kernel_version, 0x236 xloadflags.
KernelImage describe_x86(Bytes head)
{
    KernelImage image;
    auto const protocol = read_le<std::uint16_t>(head, 0x206).value_or(0);
    if (auto const version = read_le<std::uint16_t>(head, 0x20e); protocol >= 0x0200 && version && *version != 0)
        image.version = version_at(head, std::size_t{*version} + 0x200);
    // XLF_KERNEL_64, since protocol 2.12. Older headers do not tell 32 from 64 bits.
    if (auto const flags = read_le<std::uint16_t>(head, 0x236); protocol >= 0x020c && flags)
        image.architecture = (*flags & 1) != 0 ? "x86_64" : "i386";
    return image;
}

// PE format, "COFF File Header", Machine.
std::optional<std::string> pe_architecture(Bytes head)
{
    auto const at = read_le<std::uint32_t>(head, 0x3c);
    if (!at || !range_inside(*at, 6, head.size()) || !text_of(head.subspan(*at)).starts_with("PE"))
        return std::nullopt;
    switch (load_le<std::uint16_t>(head, *at + 4)) {
    case 0x014c: return "i386";
    case 0x8664: return "x86_64";
    case 0xaa64: return "aarch64";
    case 0x01c2: return "arm";
    case 0x5064: return "riscv64";
    case 0x6264: return "loongarch64";
    default: return std::nullopt;
    }
}

bool text_lies_at(Bytes head, std::size_t offset, std::string_view text)
{
    return range_inside(offset, text.size(), head.size()) && begins_with(head.subspan(offset), text);
}

}  // namespace

KernelImage describe_kernel_image(Bytes head)
{
    if (text_lies_at(head, 0x202, "HdrS"))
        return describe_x86(head);
    if (text_lies_at(head, 0x38, "ARM\x64"))
        return {"aarch64", {}};
    if (text_lies_at(head, 0x38, "RSC\x05"))
        return {"riscv64", {}};
    if (text_lies_at(head, 0x24, "\x18\x28\x6f\x01"))
        return {"arm", {}};
    if (text_lies_at(head, 0x10008, "S390EP"))
        return {"s390x", {}};
    if (begins_with(head, "MZ"))
        return {pe_architecture(head), {}};
    if (std::string elf = elf_architecture(head); !elf.empty())
        return {elf, {}};
    return {};
}

KernelImage read_kernel_image(GuestFiles &files, const std::string &path)
{
    auto const head = read_head(files, path, kernel_head_size);
    if (compression_of(head) != "gzip")
        return describe_kernel_image(head);
    auto stream = files.tree().open(path);
    if (!stream)
        return {};
    ByteReader in(**stream);
    auto plain = decompress(in, "gzip");
    if (!plain)
        return {};
    ByteReader inner(**plain);
    // A damaged stream says nothing of the architecture; that the file is damaged, the boot will say.
    auto const start = inner.peek(4096);
    return start ? describe_kernel_image(*start) : KernelImage{};
}

}  // namespace imgport
