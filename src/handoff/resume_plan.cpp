#include "handoff/resume_plan.hpp"

#include <map>

#include "support/text.hpp"

namespace imgport {

ResumePlan plan_resume(const PartPlan &plan, const std::vector<PartInfo> &there, const std::vector<JournalPart> &noted)
{
    std::map<std::uint32_t, const PartInfo *> arrived;
    for (auto const &part : there) {
        if (part.number >= 1 && part.number <= plan.count() && part.size == plan.length(part.number))
            arrived[part.number] = &part;
    }
    std::map<std::uint32_t, const JournalPart *> notes;
    for (auto const &part : noted)
        notes[part.number] = &part;
    ResumePlan resume{.arrived = static_cast<std::uint32_t>(arrived.size())};
    for (std::uint32_t number = 1; number <= plan.count(); ++number) {
        auto const part = arrived.find(number);
        if (part == arrived.end()) {
            resume.tasks.push_back({number});
            continue;
        }
        auto const note = notes.find(number);
        auto const crc = note == notes.end() ? std::nullopt : parse_number(note->second->crc64ecma);
        if (!crc || note->second->etag != printable(part->second->etag)) {
            resume.tasks.push_back({number, *part->second});
            continue;
        }
        resume.kept.push_back({number, part->second->etag, *crc, note->second->compared});
        resume.kept_bytes += plan.length(number);
    }
    return resume;
}

std::vector<PartTask> all_parts(const PartPlan &plan)
{
    std::vector<PartTask> tasks;
    for (std::uint32_t number = 1; number <= plan.count(); ++number)
        tasks.push_back({number});
    return tasks;
}

}  // namespace imgport
