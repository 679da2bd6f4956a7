// What the next update of GRUB's configuration is made of.
#pragma once

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// /etc/default/grub, then /etc/default/grub.d/*.cfg as Debian's and Ubuntu's grub-mkconfig read them. A value that
// takes up the one before ("$GRUB_CMDLINE_LINUX quiet") is put together; nothing else is expanded.
Known<GrubDefaults> read_grub_defaults(FileTree &tree);

}  // namespace imgport
