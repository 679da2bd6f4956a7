// Plans, states and summaries for people.
#include "batch/tables.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "report/style.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t reason_length = 200;

Style style_of(const JobStatus &job)
{
    if (job.state == JobState::done)
        return Style::green;
    if (job.state == JobState::failed)
        return job.exit_code == 1 ? Style::yellow : Style::red;
    return Style::dim;
}

std::size_t width_of_names(const std::vector<const JobStatus *> &jobs)
{
    std::size_t width = 5;
    for (auto const *const job : jobs)
        width = std::max(width, job->name.size());
    return std::min<std::size_t>(width, 40);
}

std::string size_or_nothing(std::uint64_t bytes)
{
    return bytes == 0 ? "" : human_size(bytes);
}

std::string row(const JobStatus &job, std::size_t name_width, Color color)
{
    std::string out = styled(fmt::format("{:<12}", word_of(job)), style_of(job), color);
    out += fmt::format(" {:>10} {:>10}  {:<{}}", job.seconds > 0 ? human_time(job.seconds) : "",
                       size_or_nothing(job.artifact_bytes), printable(job.name, 200), name_width);
    if (!job.reason.empty() && job.state != JobState::done)
        out += "  " + printable(job.reason, reason_length);
    while (out.ends_with(' '))
        out.pop_back();
    return out + "\n";
}

std::string rows(const std::vector<const JobStatus *> &jobs, Color color)
{
    std::size_t const width = width_of_names(jobs);
    std::string out =
        styled(fmt::format("{:<12} {:>10} {:>10}  {:<{}}  {}", "RESULT", "time", "artifact", "image", width, "reason"),
               Style::bold, color) +
        "\n";
    for (auto const *const job : jobs)
        out += row(*job, width, color);
    return out;
}

std::string sum(const BatchStatus &status)
{
    std::string out = fmt::format("{} images: {} done, {} failed", status.images, status.done, status.failed);
    if (status.left > 0)
        out += fmt::format(", {} left", status.left);
    if (status.running > 0)
        out += fmt::format(" ({} running)", status.running);
    return out;
}

std::string line_of_running(const JobStatus &job)
{
    double const rate = job.seconds > 0 ? job.fraction * static_cast<double>(job.source_bytes) / job.seconds : 0;
    std::string out =
        fmt::format("{:<24} {:<8} {:>4.0f} %", printable(job.name, 24), printable(job.stage, 8), job.fraction * 100);
    out += fmt::format(" {:>14}", rate > 0 ? human_size(static_cast<std::uint64_t>(rate)) + "/s" : "");
    if (job.fraction > 0.05 && job.seconds > 1)
        out += fmt::format("  {} left", human_time(job.seconds * (1 - job.fraction) / job.fraction));
    return out;
}

// Bytes are columns but for what is beyond ASCII: then the line is shorter than it could be.
std::string cut(std::string line, std::size_t columns)
{
    if (line.size() <= columns)
        return line;
    while (columns > 0 && (static_cast<unsigned char>(line[columns]) & 0xc0U) == 0x80U)
        --columns;
    line.resize(columns);
    return line;
}

}  // namespace

const char *word_of(const JobStatus &job)
{
    if (job.state != JobState::failed)
        return to_string(job.state);
    switch (job.exit_code) {
    case 1: return "findings";
    case 2: return "wrong usage";
    case 3: return "bad input";
    case 5: return "not verified";
    default: return "failed";
    }
}

std::string human_time(double seconds)
{
    auto const whole = static_cast<std::uint64_t>(std::max(0.0, seconds));
    if (whole < 10)
        return fmt::format("{:.1f} s", std::max(0.0, seconds));
    if (whole < 120)
        return fmt::format("{} s", whole);
    if (whole < 7200)
        return fmt::format("{} min", (whole + 30) / 60);
    return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string batch_summary_text(const BatchStatus &status, const TextOptions &options)
{
    return rows(worst_first(status.jobs), options.color) + "\n" + sum(status) + "\n";
}

std::string batch_status_text(const BatchStatus &status, const TextOptions &options)
{
    std::vector<const JobStatus *> shown;
    for (auto const *const job : worst_first(status.jobs)) {
        if (job->state == JobState::failed || options.verbose)
            shown.push_back(job);
    }
    std::string out = status.active        ? "a run is under way\n"
                      : status.running > 0 ? "no run is under way, but images are being worked on\n"
                                           : "no run is under way\n";
    for (auto const &job : status.jobs) {
        if (job.state == JobState::running)
            out += "  " + line_of_running(job) + "\n";
    }
    if (!shown.empty())
        out += rows(shown, options.color) + "\n";
    out += sum(status);
    if (status.bytes > 0)
        out += fmt::format("; {} of {}", human_size(status.bytes_done), human_size(status.bytes));
    if (status.seconds_left)
        out += fmt::format("; {} left", human_time(*status.seconds_left));
    if (!status.waiting_for.empty())
        out += "; waiting for " + status.waiting_for;
    return out + "\n";
}

std::string batch_table(const BatchStatus &status, std::size_t lines, std::size_t columns)
{
    std::string head = sum(status);
    head += fmt::format("; {} of {}", human_size(status.bytes_done), human_size(status.bytes));
    if (status.seconds > 0)
        head += fmt::format(", {} so far", human_time(status.seconds));
    if (status.seconds_left)
        head += fmt::format(", {} left", human_time(*status.seconds_left));
    std::string out;
    std::size_t used = 1;
    bool const waits = !status.waiting_for.empty();
    for (auto const &job : status.jobs) {
        if (used + (waits ? 1 : 0) >= lines)
            break;
        out += cut(line_of_running(job), columns) + "\n";
        ++used;
    }
    if (waits && used < lines)
        out += cut("waiting for " + status.waiting_for, columns) + "\n";
    return out + cut(head, columns) + "\n";
}

std::string batch_plan_text(const BatchPlan &plan, const TextOptions &options)
{
    std::size_t name_width = 5;
    for (auto const &image : plan.images)
        name_width = std::min<std::size_t>(40, std::max(name_width, image.name.size()));
    std::string out = styled(fmt::format("{:<{}}  {:<16} {:>10} {:>10}  {:<6} {:>10} {:>10}  {}", "image", name_width,
                                         "format", "file", "disk", "to", "expected", "at most", ""),
                             Style::bold, options.color);
    while (out.ends_with(' '))
        out.pop_back();
    out += "\n";
    for (auto const &image : plan.images) {
        bool const made = !image.refused;
        std::string line =
            fmt::format("{:<{}}  {:<16} {:>10} {:>10}  {:<6} {:>10} {:>10}", printable(image.name, 200), name_width,
                        printable(image.format, 16), human_size(image.file_size),
                        image.virtual_size ? human_size(*image.virtual_size) : "?", image.target,
                        made ? human_size(image.artifact.expected) : "",
                        made ? (image.artifact.at_most != 0 ? human_size(image.artifact.at_most) : "?") : "");
        if (image.finished)
            line += "  finished";
        if (image.refused)
            line +=
                "  " + styled("refused", Style::red, options.color) + ": " + printable(*image.refused, reason_length);
        else if (options.verbose)
            line += "  " + image.artifact.how;
        out += line + "\n";
    }
    out += fmt::format("\n{} images", plan.images.size());
    if (plan.finished > 0)
        out += fmt::format(", {} finished", plan.finished);
    if (plan.refused > 0)
        out += fmt::format(", {} refused", plan.refused);
    out += fmt::format("\nspace for the artifacts: {} expected, {} at most\n", human_size(plan.expected),
                       plan.at_most != 0 || plan.expected == 0 ? human_size(plan.at_most) : "unknown");
    if (plan.temporary > 0)
        out += fmt::format("temporary space while packed sources are unpacked: {}\n", human_size(plan.temporary));
    if (plan.free)
        out += fmt::format("free where they go: {}{}\n", human_size(*plan.free),
                           *plan.free < plan.expected ? styled("; that is too little", Style::red, options.color) : "");
    out += "The expected sizes are guesses from how much the sources hold; --verbose tells of which kind.\n";
    return out;
}

}  // namespace imgport
