#include "guest/issue.hpp"

#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_shown = 1024;  // bytes

}  // namespace

Known<std::vector<IssueFile>> read_issue(FileTree &tree)
{
    GuestFiles files(tree);
    std::vector<IssueFile> found;
    for (const char *path : {"/etc/issue", "/etc/issue.net"}) {
        if (!files.stat(path, FollowLinks::no))
            continue;
        IssueFile issue{path, {}, {}};
        if (auto const text = files.text(path))
            issue.text = std::string(trim(*text)).substr(0, max_shown);
        else
            issue.link = files.link(path).value_or("");
        found.push_back(std::move(issue));
    }
    return files.answer(std::move(found));
}

}  // namespace imgport
