// The journal of an ext filesystem that was not unmounted: replayed over the volume, never into it.
#pragma once

#include <memory>
#include <string>

#include "filesystem/ext_fs.hpp"

namespace imgport {

struct ReplayedJournal {
    std::shared_ptr<Disk> disk;  // the volume as the journal leaves it
    std::string note;            // what was replayed, and what was left out
};

// Of a filesystem that needs recovery. Transactions are replayed up to the first that is incomplete or damaged; fast
// commits are left out. An error, malformed or unsupported, where the journal cannot be read at all.
Result<ReplayedJournal> replay_ext_journal(const std::shared_ptr<ExtFs> &fs);

}  // namespace imgport
