// One pass of libarchive over the files of an ISO 9660 filesystem.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <imgport/disk.hpp>
#include <imgport/file_tree.hpp>

namespace imgport {

struct Iso9660File {
    std::string path;  // "boot/grub/grub.cfg", as libarchive has it: not verified; "." is the root
    FileStat stat = {};
    std::string link_target = {};             // of a symbolic link
    std::optional<std::string> same_as = {};  // the path of an earlier file that this is another name of
};

class Iso9660Reader {
public:
    static Result<std::unique_ptr<Iso9660Reader>> open(std::shared_ptr<Disk> volume);
    ~Iso9660Reader();

    // The next file; nullopt after the last. A directory comes before what is in it.
    Result<std::optional<Iso9660File>> next();
    // Whether the files that next() has given have what Rock Ridge says of them.
    bool has_rock_ridge() const;
    // The data of the file that next() gave last: at most out.size() bytes, 0 at the end.
    Result<std::size_t> read(std::span<std::byte> out);

private:
    struct State;
    explicit Iso9660Reader(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

// Whether there is a descriptor of Joliet's: libarchive, which takes the names from there unless there is Rock Ridge,
// does not say so.
Result<bool> has_joliet(Disk &volume);

}  // namespace imgport
