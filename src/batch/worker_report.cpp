#include "batch/worker_report.hpp"

#include <algorithm>
#include <cerrno>

#include <unistd.h>

#include "guest/facts_json.hpp"

namespace imgport {
namespace {

constexpr auto pace = std::chrono::milliseconds(250);

}  // namespace

void WorkerReport::line(const std::string &text) const
{
    std::string_view rest = text;
    while (!rest.empty()) {
        ssize_t const n = ::write(m_fd, rest.data(), rest.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return;  // the run is gone, and we with it
        rest.remove_prefix(static_cast<std::size_t>(n));
    }
}

void WorkerReport::begin(std::string_view stage, std::string_view)
{
    m_next = std::chrono::steady_clock::now() + pace;
    line(Json{{"stage", printable(stage)}}.dump() + "\n");
}

void WorkerReport::update(std::uint64_t done, std::uint64_t total)
{
    auto const now = std::chrono::steady_clock::now();
    if (total == 0 || now < m_next)
        return;
    m_next = now + pace;
    line(Json{{"fraction", std::min(1.0, static_cast<double>(done) / static_cast<double>(total))}}.dump() + "\n");
}

void WorkerReport::note(std::string_view text)
{
    line(Json{{"note", printable(text)}}.dump() + "\n");
}

void WorkerReport::result(const BatchResult &result)
{
    BatchResult brief = result;
    brief.images.clear();
    line(Json{{"result", to_json(brief)}}.dump() + "\n");
}

std::optional<WorkerLine> parse_worker_line(std::string_view text)
{
    try {
        Json const json = Json::parse(text);
        if (!json.is_object())
            return std::nullopt;
        WorkerLine line{.stage = json.value("stage", ""), .note = json.value("note", "")};
        if (json.contains("fraction"))
            line.fraction = json.at("fraction").get<double>();
        if (json.contains("result"))
            from_json(json.at("result"), line.result.emplace());
        return line;
    } catch (const Json::exception &) {
        return std::nullopt;
    }
}

}  // namespace imgport
