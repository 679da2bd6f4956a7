#include "batch/slurm_folder.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "support/digest.hpp"
#include "support/file.hpp"
#include "support/shell_words.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t list_limit = std::size_t{64} << 20;

std::string script(const std::string &tasks, const std::string &output, const std::vector<std::string> &command)
{
    std::string words;
    for (auto const &word : command)
        words += shell_word(word) + " ";
    return fmt::format(
        "#!/bin/sh\n"
        "# Written by imgport. Task N does the image of line N: its place in the batch's list, its name.\n"
        "index=$(sed -n \"${{SLURM_ARRAY_TASK_ID}}p\" {} | cut -f 1)\n"
        "exec {}--output {} --index \"$index\" --threads \"${{SLURM_CPUS_PER_TASK:-1}}\"\n",
        shell_word(tasks), words, shell_word(output));
}

}  // namespace

SlurmFolder::SlurmFolder(const BatchFolder &batch)
{
    std::error_code ignored;
    m_output = batch.whole_output();
    m_path = BatchFolder(m_output).state() + "/slurm";
    // However it is spelled, the same folder gives the same name.
    std::string const place = std::filesystem::weakly_canonical(m_output, ignored).string();
    m_name = "imgport-" + hex_digest("SHA256", bytes_of(place)).substr(0, 12);
}

Result<void> SlurmFolder::make() const
{
    std::error_code problem;
    std::filesystem::create_directories(m_path + "/log", problem);
    if (problem)
        return fail(system_error(ErrorCode::environment, "cannot be made", m_path, problem.value()));
    return {};
}

std::vector<unsigned> SlurmFolder::arrays() const
{
    std::vector<unsigned> numbers;
    std::error_code problem;
    for (auto const &entry : std::filesystem::directory_iterator(m_path, problem)) {
        if (entry.path().extension() != ".tasks")
            continue;
        if (auto const number = parse_number(entry.path().stem().string()); number)
            numbers.push_back(static_cast<unsigned>(*number));
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

std::string SlurmFolder::name_of(unsigned number) const
{
    return fmt::format("{}-{}", m_name, number);
}

std::string SlurmFolder::tasks_of(unsigned number) const
{
    return fmt::format("{}/{}.tasks", m_path, number);
}

std::string SlurmFolder::script_of(unsigned number) const
{
    return fmt::format("{}/{}.sh", m_path, number);
}

std::string SlurmFolder::log_folder() const
{
    return m_path + "/log";
}

std::string SlurmFolder::log_of(const SlurmTask &task) const
{
    return fmt::format("{}/log/{}_{}.log", m_path, task.array, task.number);
}

std::optional<std::vector<SlurmEntry>> SlurmFolder::entries_of(unsigned number) const
{
    auto const text = read_text_file(tasks_of(number), list_limit);
    if (!text)
        return std::nullopt;
    std::vector<SlurmEntry> entries;
    for (auto const line : lines_of(*text)) {
        auto const tab = line.find('\t');
        auto const index = parse_number(line.substr(0, tab));
        if (tab == std::string_view::npos || !index)
            return std::nullopt;
        entries.push_back({static_cast<std::size_t>(*index), std::string(line.substr(tab + 1))});
    }
    return entries;
}

Result<void> SlurmFolder::store(unsigned number, const std::vector<SlurmEntry> &entries,
                                const std::vector<std::string> &command) const
{
    std::string list;
    for (auto const &entry : entries)
        list += fmt::format("{}\t{}\n", entry.index, entry.job);
    if (auto written = write_file(tasks_of(number), list, Overwrite::yes); !written)
        return written;
    return write_file(script_of(number), script(tasks_of(number), m_output, command), Overwrite::yes);
}

void SlurmFolder::forget(unsigned number) const
{
    std::error_code ignored;
    std::filesystem::remove(script_of(number), ignored);
    std::filesystem::remove(tasks_of(number), ignored);
}

}  // namespace imgport
