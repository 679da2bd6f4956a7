// From the bytes of a container to its format and facts: the one table of formats is here.
#pragma once

#include <string>

#include "format/container.hpp"
#include "support/file.hpp"

namespace imgport {

// Asks every format. Two that say yes are refused (hazard `two-formats`). Sets format and what the reader describes.
void identify(Container &container, const AllowedFiles &allowed, ImageFacts &facts);

enum class Neighbours {
    reachable,  // the file lies in the user's folder; extents and parents beside it
    none,       // a copy of our own, unpacked out of a wrapper
};

inline RemoteUser remote_user(const AllowedFiles &allowed)
{
    return allowed.remote_sudo ? RemoteUser::root : RemoteUser::login;
}

// probe() of a file that is open already. `path` is what the user knows it by.
ImageFacts probe_file(InputFile file, const std::string &path, Neighbours neighbours, const ProbeOptions &options);

}  // namespace imgport
