// What of an interrupted upload is kept, and what is still to be done.
#pragma once

#include <cstdint>
#include <vector>

#include "handoff/part_plan.hpp"
#include "handoff/part_sender.hpp"
#include "handoff/upload_journal.hpp"

namespace imgport {

struct ResumePlan {
    std::vector<StoredPart> kept = {};
    std::uint64_t kept_bytes = 0;
    std::uint32_t arrived = 0;  // parts that the store has in the right size: those kept, and those to be looked into
    std::vector<PartTask> tasks = {};
};

// The store's list is the truth. A part that it has as the journal knows it is kept; one that only the store knows is
// compared with the local bytes; all else is sent.
ResumePlan plan_resume(const PartPlan &plan, const std::vector<PartInfo> &there, const std::vector<JournalPart> &noted);

// All parts, none of which is there.
std::vector<PartTask> all_parts(const PartPlan &plan);

}  // namespace imgport
