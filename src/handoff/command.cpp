#include <filesystem>

#include <fmt/format.h>

#include <imgport/manifest.hpp>

#include "handoff/uploaders.hpp"
#include "support/subprocess.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

std::string absolute(const std::string &path)
{
    std::error_code ignored;
    return std::filesystem::absolute(path, ignored).string();
}

std::string destination_of(const Manifest &manifest)
{
    for (auto const &disk : manifest.import.disks) {
        if (!disk.bucket.empty() && !disk.object.empty())
            return fmt::format("oss://{}/{}", disk.bucket, disk.object);
    }
    return {};
}

class CommandUploader final : public Uploader {
public:
    explicit CommandUploader(std::vector<std::string> words) : m_words(std::move(words)) {}

    Result<Receipt> upload(const std::string &manifest_path, ProgressSink &progress) override
    {
        auto const manifest = read_manifest(manifest_path);
        if (!manifest)
            return fail(manifest.error());
        Command command{.arguments = m_words};
        // The program needs its own keys and settings; we never look at them.
        command.environment = Environment::inherited;
        command.extra = {
            "IMGPORT_ARTIFACT=" + absolute(dir_name(manifest_path) + "/" + manifest->artifact.file),
            "IMGPORT_MANIFEST=" + absolute(manifest_path),
            "IMGPORT_DESTINATION=" + destination_of(*manifest),
        };
        command.stderr_passes_through = true;
        command.on_output = [&](std::string_view line) {
            if (!trim(line).empty())
                progress.note(printable(line));
        };
        auto const result = run(command);
        if (!result)
            return fail(result.error());
        if (result->status != 0)
            return fail(ErrorCode::remote, fmt::format("the uploader {} failed ({})", printable(m_words.front()),
                                                       describe_status(result->status)));
        return Receipt{"command:" + join(m_words, " "), "the program ended with exit code 0"};
    }

private:
    std::vector<std::string> m_words;
};

}  // namespace

Result<std::unique_ptr<Uploader>> make_command_uploader(std::string_view text)
{
    auto words = split_blanks(text);
    if (words.empty())
        return fail({ErrorCode::usage, "command: needs a program"});
    return std::make_unique<CommandUploader>(std::move(words));
}

}  // namespace imgport
