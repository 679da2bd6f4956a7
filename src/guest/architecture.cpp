#include "guest/architecture.hpp"

namespace imgport {

std::vector<std::byte> read_head(GuestFiles &files, std::string_view path, std::size_t length)
{
    auto stream = files.tree().open(path);
    if (!stream) {
        files.fail(path, stream.error().message);
        return {};
    }
    std::vector<std::byte> head(length);
    std::size_t filled = 0;
    while (filled < length) {
        auto const n = (*stream)->read(std::span(head).subspan(filled));
        if (!n) {
            files.fail(path, n.error().message);
            return {};
        }
        if (*n == 0)
            break;
        filled += *n;
    }
    head.resize(filled);
    return head;
}

std::string elf_architecture(Bytes header)
{
    if (header.size() < 20 || !begins_with(header, "\x7f"
                                                   "ELF"))
        return {};
    bool const is_64 = header[4] == std::byte{2};      // EI_CLASS
    bool const is_little = header[5] == std::byte{1};  // EI_DATA
    std::uint16_t const machine =
        is_little ? load_le<std::uint16_t>(header, 18) : load_be<std::uint16_t>(header, 18);  // e_machine
    switch (machine) {
    case 3: return "i386";
    case 8: return is_64 ? (is_little ? "mips64el" : "mips64") : (is_little ? "mipsel" : "mips");
    case 20: return "ppc";
    case 21: return is_little ? "ppc64le" : "ppc64";
    case 22: return is_64 ? "s390x" : "s390";
    case 40: return "arm";
    case 50: return "ia64";
    case 62: return "x86_64";
    case 183: return is_little ? "aarch64" : "aarch64_be";
    case 243: return is_64 ? "riscv64" : "riscv32";
    case 258: return is_64 ? "loongarch64" : "loongarch32";
    default: return {};
    }
}

Known<std::string> read_architecture(FileTree &tree)
{
    GuestFiles files(tree);
    for (const char *path : {"/bin/sh", "/bin/bash", "/sbin/init", "/usr/lib/systemd/systemd", "/usr/bin/bash"}) {
        auto const status = files.stat(path);
        if (!status || status->kind != FileKind::regular)
            continue;
        std::string architecture = elf_architecture(read_head(files, path, 64));
        if (!architecture.empty() && !files.failed())
            return architecture;
    }
    return files.answer(std::string());
}

}  // namespace imgport
