#include "report/html_parts.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "report/escape.hpp"
#include "report/outcome.hpp"
#include "report/style.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t evidence_shown = 20;

const char *class_of(Severity severity)
{
    switch (severity) {
    case Severity::fail:
    case Severity::unreachable: return "bad";
    case Severity::feature: return "warn";
    case Severity::recommendation: return "info";
    }
    return "mute";
}

std::string badge(const char *kind, std::string_view text)
{
    return fmt::format("<span class=\"badge {}\">{}</span>", kind, text);
}

std::string badge_of(const Finding &finding)
{
    std::string const severity = to_string(finding.severity);
    switch (group_of(finding)) {
    case Group::violated: return badge(class_of(finding.severity), severity);
    case Group::unknown: return badge("mute", "unknown, would be " + severity);
    case Group::accepted: return badge("mute", "accepted " + severity);
    case Group::mended: return badge("good", "mended");
    case Group::passed: return badge("good", "passed");
    case Group::not_applicable: return badge("mute", "not applicable");
    }
    return {};
}

std::string term(std::string_view name, std::string_view html)
{
    return html.empty() ? std::string() : fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, html);
}

std::string place(const Evidence &evidence)
{
    std::string out = html_text(evidence.file, 300);
    if (evidence.line)
        out += fmt::format(", line {}", *evidence.line);
    if (evidence.offset)
        out += fmt::format(" at offset {}", *evidence.offset);
    if (!out.empty())
        out = "<bdi>" + out + "</bdi>";
    if (!evidence.value.empty())
        out += fmt::format("{}<code><bdi>{}</bdi></code>", out.empty() ? "" : ": ", html_text(evidence.value));
    return out;
}

std::string finding_section(const Finding &finding)
{
    const RuleInfo *const rule = find_rule(finding.rule);
    std::string out = fmt::format(
        "<div class=\"finding\">\n<div class=\"finding-head\">\n{}\n<h4><code>{}</code>{}</h4>"
        "\n</div>\n<p><bdi>{}</bdi></p>\n",
        badge_of(finding), html_text(finding.rule, 80),
        rule == nullptr ? std::string() : " " + html_text(rule->title, 300), html_text(finding.message, 2000));
    if (!finding.evidence.empty()) {
        out += "<ul aria-label=\"Evidence\">\n";
        for (std::size_t i = 0; i < std::min(finding.evidence.size(), evidence_shown); ++i)
            out += "<li>" + place(finding.evidence[i]) + "</li>\n";
        if (finding.evidence.size() > evidence_shown)
            out += fmt::format("<li>and {} more</li>\n", finding.evidence.size() - evidence_shown);
        out += "</ul>\n";
    }
    std::string const details =
        term("Accepted", finding.accepted ? "<bdi>" + html_text(describe(*finding.accepted), 1500) + "</bdi>" : "") +
        term("Otherwise", rule == nullptr ? std::string() : html_text(rule->why, 2000)) +
        term("How to mend it", finding.fix ? html_text(*finding.fix, 2000) : std::string()) +
        term("Source", finding.source ? html_text(*finding.source) : std::string());
    return out + (details.empty() ? "" : "<dl>\n" + details + "</dl>\n") + "</div>\n";
}

std::string section(std::string_view id, std::string_view name, std::string_view title, std::string_view note,
                    const std::string &body)
{
    if (body.empty())
        return {};
    return fmt::format("<section>\n<h3 id=\"{0}-{1}\">{2}</h3>\n<p class=\"quiet\">{3}</p>\n"
                       "{4}</section>\n",
                       id, name, title, note, body);
}

std::string facts_of(const GuestFacts &guest)
{
    auto const value = [](std::string_view text) {
        return text.empty() ? std::string() : "<bdi>" + html_text(text, 300) + "</bdi>";
    };
    std::string out = term("System", value(guest.os.name.empty() ? guest.os.id : guest.os.name)) +
                      term("Architecture", value(guest.architecture)) + term("Host name", value(guest.hostname));
    std::vector<std::string> kernels;
    for (auto const &kernel : guest.kernels) {
        if (kernels.size() < 10)
            kernels.push_back(value(kernel.version) + (kernel.is_default ? " (boots by default)" : ""));
    }
    if (guest.kernels.size() > kernels.size())
        kernels.push_back(fmt::format("and {} more", guest.kernels.size() - kernels.size()));
    out += term("Kernels", join(kernels, "<br>"));
    if (guest.boot_loader)
        out += term("Boot loader", value(guest.boot_loader->kind.empty() ? "none found" : guest.boot_loader->kind));
    if (guest.cloud_init)
        out += term("cloud-init", value(!guest.cloud_init->installed        ? "not installed"
                                        : guest.cloud_init->version.empty() ? "installed"
                                                                            : guest.cloud_init->version));
    return out;
}

}  // namespace

const char *class_of(Verdict verdict)
{
    switch (verdict) {
    case Verdict::pass: return "good";
    case Verdict::incomplete: return "warn";
    case Verdict::fail:
    case Verdict::refused:
    case Verdict::error: return "bad";
    }
    return "mute";
}

std::string verdict_banner(const ReportEntry &entry)
{
    std::string out = fmt::format("<p class=\"banner {}\"><strong>{}</strong> <span>verdict {} under {}</span></p>\n",
                                  class_of(entry.verdict), headline_of(entry.verdict), to_string(entry.verdict),
                                  html_text(entry.profile, 60));
    for (auto const &reason : reasons_of(entry))
        out += fmt::format("<p><bdi>{}</bdi></p>\n", html_text(reason, 2000));
    if (entry.findings.empty())
        return out;
    auto const count = tally(entry.findings);
    out += "<ul class=\"counts\" aria-label=\"Findings\">\n";
    auto const item = [&](const char *kind, std::size_t number, std::string_view name) {
        if (number > 0)
            out += fmt::format("<li>{}</li>\n", badge(kind, fmt::format("{} {}", number, name)));
    };
    for (Severity const severity : {Severity::fail, Severity::unreachable, Severity::feature, Severity::recommendation})
        item(class_of(severity), count.violated.at(static_cast<std::size_t>(severity)), to_string(severity));
    item("mute", count.unknown, "unknown");
    item("mute", count.accepted, "accepted");
    item("good", count.mended, "mended");
    item("good", count.passed, "passed");
    item("mute", count.not_applicable, "not applicable");
    return out + "</ul>\n";
}

std::string html_findings(const ReportEntry &entry, std::string_view id)
{
    std::array<std::string, 4> violated;
    std::string unknown;
    std::string accepted;
    std::string mended;
    for (auto const *finding : worst_first(entry.findings)) {
        switch (group_of(*finding)) {
        case Group::violated:
            violated.at(static_cast<std::size_t>(finding->severity)) += finding_section(*finding);
            break;
        case Group::unknown: unknown += finding_section(*finding); break;
        case Group::accepted: accepted += finding_section(*finding); break;
        case Group::mended: mended += finding_section(*finding); break;
        case Group::passed:
        case Group::not_applicable: break;
        }
    }
    std::string out;
    constexpr std::array titles{"Fails", "Unreachable", "Features lost", "Recommendations"};
    for (Severity const severity :
         {Severity::fail, Severity::unreachable, Severity::feature, Severity::recommendation}) {
        auto const index = static_cast<std::size_t>(severity);
        out += section(id, to_string(severity), titles.at(index), meaning_of(severity), violated.at(index));
    }
    out += section(id, "unknown", "Unknown", "These rules could not be judged; they did not pass.", unknown);
    out += section(id, "accepted", "Accepted", "Violated, but known and accepted; they do not count for the verdict.",
                   accepted);
    return out + section(id, "mended", "Mended", "Violated by the source, mended by the conversion.", mended);
}

std::string quiet_findings(const ReportEntry &entry, std::string_view id)
{
    std::string out;
    for (auto const &[group, title] :
         {std::pair(Group::passed, "Passed"), std::pair(Group::not_applicable, "Not applicable")}) {
        std::string rows;
        std::size_t number = 0;
        for (auto const &finding : entry.findings) {
            if (group_of(finding) != group)
                continue;
            ++number;
            rows += fmt::format("<tr><th scope=\"row\"><code>{}</code></th><td><bdi>{}</bdi></td></tr>\n",
                                html_text(finding.rule, 80), html_text(finding.message, 1000));
        }
        if (number > 0)
            out += fmt::format("<details>\n<summary>{0} ({1})</summary>\n<div class=\"scroll\" role=\"region\" "
                               "aria-label=\"{0}, {2}\" tabindex=\"0\">\n<table>\n<thead><tr>"
                               "<th scope=\"col\">Rule</th><th scope=\"col\">What was found</th></tr></thead>\n"
                               "<tbody>\n{3}</tbody>\n</table>\n</div>\n</details>\n",
                               title, number, id, rows);
    }
    return out;
}

std::string image_facts(const ReportEntry &entry)
{
    auto const &image = entry.probe;
    std::string out = "<dl class=\"facts\">\n";
    if (image.format != Format::unknown || image.file_size > 0)
        out += term("Image", "<bdi>" + html_text(describe_image(image), 1000) + "</bdi>");
    for (auto const &hazard : image.hazards)
        out += term("Hazard", fmt::format("<code>{}</code> <bdi>{}</bdi>", html_text(hazard.id, 80),
                                          html_text(hazard.message, 1000)));
    if (entry.disk) {
        for (std::size_t i = 0; i < std::min<std::size_t>(entry.disk->problems.size(), 20); ++i)
            out += term("Problem", "<bdi>" + html_text(entry.disk->problems[i]) + "</bdi>");
    }
    out += entry.guest ? facts_of(*entry.guest) : term("System", "none was found or looked for");
    return out + "</dl>\n";
}

}  // namespace imgport
