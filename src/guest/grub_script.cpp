#include "guest/grub_script.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace imgport {
namespace {

constexpr unsigned max_depth = 32;

enum class TokenKind { word, end_of_command, open, close };

struct Token {
    TokenKind kind = TokenKind::word;
    std::uint64_t line = 0;
    GrubWord word = {};
    bool semicolon = false;  // what ends the command
};

bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class Lexer {
public:
    explicit Lexer(std::string_view text) : m_text(text) {}

    Result<std::vector<Token>> run()
    {
        while (m_at < m_text.size() && m_wrong.empty())
            step();
        if (!m_wrong.empty())
            return fail(ErrorCode::malformed, fmt::format("line {}: {}", m_line, m_wrong));
        end_word();
        m_tokens.push_back({TokenKind::end_of_command, m_line});
        return std::move(m_tokens);
    }

private:
    void step()
    {
        char const c = m_text[m_at];
        if (c == '\n' || c == ';') {
            end_word();
            // Empty lines are nothing; a semicolon without a command is wrong, which the parser sees.
            if (c == ';' || (!m_tokens.empty() && m_tokens.back().kind != TokenKind::end_of_command))
                m_tokens.push_back({TokenKind::end_of_command, m_line, {}, c == ';'});
            m_line += c == '\n' ? 1 : 0;
            ++m_at;
        } else if (c == ' ' || c == '\t' || c == '\r') {
            end_word();
            ++m_at;
        } else if (c == '#' && m_word.empty()) {
            m_at = std::min(m_text.find('\n', m_at), m_text.size());
        } else if (c == '\'') {
            single_quoted();
        } else if (c == '"') {
            double_quoted();
        } else if (c == '\\') {
            escaped();
        } else if (c == '$') {
            variable(false);
        } else if (std::string_view("&|<>").find(c) != std::string_view::npos) {
            m_wrong = "GRUB has no '&', '|', '<' and '>'";
        } else {
            add(c, false);
            ++m_at;
        }
    }

    void single_quoted()
    {
        auto const end = m_text.find('\'', m_at + 1);
        if (end == std::string_view::npos) {
            m_wrong = unclosed;
            return;
        }
        add("", true);
        for (char const c : m_text.substr(m_at + 1, end - m_at - 1)) {
            add(c, true);
            m_line += c == '\n' ? 1 : 0;
        }
        m_at = end + 1;
    }

    void double_quoted()
    {
        add("", true);
        ++m_at;
        while (m_at < m_text.size() && m_text[m_at] != '"') {
            char const c = m_text[m_at];
            m_line += c == '\n' ? 1 : 0;
            if (c == '$') {
                variable(true);
                if (!m_wrong.empty())
                    return;
                continue;
            }
            if (c == '\\' && m_at + 1 < m_text.size() &&
                std::string_view("\"\\$").find(m_text[m_at + 1]) != std::string_view::npos)
                ++m_at;
            add(m_text[m_at], true);
            ++m_at;
        }
        if (m_at == m_text.size())
            m_wrong = unclosed;
        ++m_at;
    }

    void escaped()
    {
        ++m_at;
        if (m_at >= m_text.size()) {
            m_wrong = "nothing follows the backslash";
            return;
        }
        if (m_text[m_at] == '\n')
            ++m_line;  // a continued line
        else
            add(m_text[m_at], true);
        ++m_at;
    }

    void variable(bool quoted)
    {
        ++m_at;
        bool const braced = m_at < m_text.size() && m_text[m_at] == '{';
        std::size_t const start = m_at + (braced ? 1 : 0);
        std::size_t end = start;
        while (end < m_text.size() && is_name_character(m_text[end]))
            ++end;
        // $?, $@, $#, $*
        if (end == start && end < m_text.size() && std::string_view("?@#*").find(m_text[end]) != std::string_view::npos)
            ++end;
        if (end == start || (braced && (end == m_text.size() || m_text[end] != '}'))) {
            m_wrong = "no variable's name after '$'";
            return;
        }
        m_word.push_back({std::string(m_text.substr(start, end - start)), true, quoted});
        m_at = end + (braced ? 1 : 0);
    }

    void add(char c, bool quoted) { add(std::string_view(&c, 1), quoted); }
    void add(std::string_view text, bool quoted)
    {
        if (m_word.empty() || m_word.back().variable || m_word.back().quoted != quoted)
            m_word.push_back({{}, false, quoted});
        m_word.back().text += text;
    }

    void end_word()
    {
        if (m_word.empty())
            return;
        TokenKind kind = TokenKind::word;
        if (m_word.size() == 1 && !m_word[0].variable && !m_word[0].quoted) {
            if (m_word[0].text == "{")
                kind = TokenKind::open;
            else if (m_word[0].text == "}")
                kind = TokenKind::close;
        }
        m_tokens.push_back({kind, m_line, std::move(m_word)});
        m_word.clear();
    }

    static constexpr std::string_view unclosed = "a quote that does not close";

    std::string_view m_text;
    std::string_view m_wrong;  // what stopped it
    std::size_t m_at = 0;
    std::uint64_t m_line = 1;
    GrubWord m_word;
    std::vector<Token> m_tokens;
};

// The word where it is plain text without quotes, as reserved words are; empty otherwise.
std::string_view plain(const Token &token)
{
    if (token.kind != TokenKind::word || token.word.size() != 1 || token.word[0].variable || token.word[0].quoted)
        return {};
    return token.word[0].text;
}

bool is_reserved(std::string_view word)
{
    constexpr std::string_view words[] = {"then", "elif", "else", "fi", "do", "done", "in", "case", "esac", "select"};
    return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

class Parser {
public:
    explicit Parser(std::vector<Token> tokens) : m_tokens(std::move(tokens)) {}

    Result<GrubBlock> run()
    {
        GrubBlock block;
        if (auto const parsed = parse_block(block, {}, 0); !parsed)
            return fail(parsed.error());
        if (m_at < m_tokens.size())
            return broken("nothing to close here");
        return block;
    }

private:
    using Words = std::vector<std::string_view>;

    tl::unexpected<Error> broken(std::string_view what) const
    {
        std::uint64_t const line = m_tokens.empty() ? 0 : m_tokens[std::min(m_at, m_tokens.size() - 1)].line;
        return fail(ErrorCode::malformed, fmt::format("line {}: {}", line, what));
    }

    // Commands up to one of the reserved words, a '}', or the end; that is left to be taken.
    Result<void> parse_block(GrubBlock &block, const Words &stop, unsigned depth)
    {
        if (depth > max_depth)
            return broken(fmt::format("nested deeper than {} levels", max_depth));
        bool empty = depth > 0;  // only the whole file may be
        while (m_at < m_tokens.size()) {
            Token const &token = m_tokens[m_at];
            if (token.kind == TokenKind::end_of_command && !token.semicolon) {
                ++m_at;
                continue;
            }
            std::string_view const word = plain(token);
            bool const stops = std::find(stop.begin(), stop.end(), word) != stop.end();
            if (token.kind == TokenKind::close || stops) {
                if (empty)
                    return broken("no command where one is needed");
                return {};
            }
            if (token.kind != TokenKind::word || is_reserved(word))
                return broken("a command begins with a word");
            empty = false;
            Result<void> parsed;
            if (word == "if")
                parsed = parse_if(block, depth);
            else if (word == "while" || word == "until" || word == "for")
                parsed = skip_loop(depth);
            else
                parsed = parse_command(block, depth);
            if (!parsed)
                return parsed;
            // Behind "fi", "done" and '}' as well.
            if (m_at < m_tokens.size() && m_tokens[m_at].kind == TokenKind::end_of_command)
                ++m_at;
            else if (m_at < m_tokens.size() && m_tokens[m_at].kind != TokenKind::close)
                return broken("the next command begins without a line end or a semicolon before it");
        }
        return {};
    }

    bool take(std::string_view word)
    {
        if (m_at >= m_tokens.size() || plain(m_tokens[m_at]) != word)
            return false;
        ++m_at;
        return true;
    }

    Result<void> parse_if(GrubBlock &block, unsigned depth)
    {
        GrubCommand command;
        command.line = m_tokens[m_at].line;
        do {
            ++m_at;  // "if" or "elif"
            GrubArm arm;
            if (auto parsed = parse_block(arm.condition, {"then"}, depth + 1); !parsed)
                return parsed;
            if (!take("then"))
                return broken("\"if\" without \"then\"");
            if (auto parsed = parse_block(arm.body, {"elif", "else", "fi"}, depth + 1); !parsed)
                return parsed;
            command.arms.push_back(std::move(arm));
        } while (m_at < m_tokens.size() && plain(m_tokens[m_at]) == "elif");
        if (take("else")) {
            GrubArm arm;
            if (auto parsed = parse_block(arm.body, {"fi"}, depth + 1); !parsed)
                return parsed;
            command.arms.push_back(std::move(arm));
        }
        if (!take("fi"))
            return broken("\"if\" without \"fi\"");
        block.push_back(std::move(command));
        return {};
    }

    Result<void> skip_loop(unsigned depth)
    {
        ++m_at;
        GrubBlock unused;
        if (auto parsed = parse_block(unused, {"do"}, depth + 1); !parsed)
            return parsed;
        if (!take("do"))
            return broken("a loop without \"do\"");
        if (auto parsed = parse_block(unused, {"done"}, depth + 1); !parsed)
            return parsed;
        if (!take("done"))
            return broken("a loop without \"done\"");
        return {};
    }

    Result<void> parse_command(GrubBlock &block, unsigned depth)
    {
        GrubCommand command;
        command.line = m_tokens[m_at].line;
        bool const is_function = plain(m_tokens[m_at]) == "function";
        while (m_at < m_tokens.size() && m_tokens[m_at].kind == TokenKind::word)
            command.words.push_back(std::move(m_tokens[m_at++].word));
        bool const has_body = m_at < m_tokens.size() && m_tokens[m_at].kind == TokenKind::open;
        if (is_function && (!has_body || depth > 0 || command.words.size() != 2))
            return broken("a function has a name and a body, and stands in no block");
        if (has_body) {
            ++m_at;
            if (auto parsed = parse_block(command.body, {}, depth + 1); !parsed)
                return parsed;
            if (m_at >= m_tokens.size() || m_tokens[m_at].kind != TokenKind::close)
                return broken(fmt::format("the block that begins at line {} does not close", command.line));
            ++m_at;
        }
        block.push_back(std::move(command));
        return {};
    }

    std::vector<Token> m_tokens;
    std::size_t m_at = 0;
};

}  // namespace

Result<GrubBlock> parse_grub_script(std::string_view text)
{
    auto tokens = Lexer(text).run();
    if (!tokens)
        return fail(tokens.error());
    return Parser(std::move(*tokens)).run();
}

}  // namespace imgport
