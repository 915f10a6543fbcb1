// The test programs' main: doctest's own, with a reporter that speaks TAP (`--reporters=tap`), so
// that meson counts single tests and knows the skipped ones by name. What went wrong goes to
// standard error, as meson shows only that of a TAP test.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <iostream>
#include <string>

namespace {

class TapReporter : public doctest::IReporter {
public:
    explicit TapReporter(const doctest::ContextOptions& options) : out_(*options.cout) {}

    void report_query(const doctest::QueryData&) override {}

    void test_run_start() override { out_ << "TAP version 13\n"; }

    void test_run_end(const doctest::TestRunStats&) override { out_ << "1.." << number_ << '\n'; }

    void test_case_start(const doctest::TestCaseData& data) override { current_ = data.m_name; }

    void test_case_reenter(const doctest::TestCaseData&) override {}

    void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
        // flush: a crash in a later test must not lose this line.
        out_ << (stats.testCaseSuccess ? "ok " : "not ok ") << ++number_ << " - " << current_
             << '\n'
             << std::flush;
    }

    void test_case_exception(const doctest::TestCaseException& exception) override {
        std::cerr << "# " << current_
                  << ": exception: " << on_one_line(exception.error_string.c_str()) << '\n';
    }

    void subcase_start(const doctest::SubcaseSignature& subcase) override {
        std::cerr << "# subcase: " << subcase.m_name << '\n';
    }

    void subcase_end() override {}

    void log_assert(const doctest::AssertData& data) override {
        if (!data.m_failed) {
            return;
        }
        std::cerr << "# " << data.m_file << ':' << data.m_line << ": " << current_ << ": "
                  << data.m_expr << " is wrong: "
                  << on_one_line((data.m_threw ? data.m_exception : data.m_decomp).c_str()) << '\n';
        for (int i = 0; i < get_num_active_contexts(); ++i) {
            std::cerr << "#   ";
            get_active_contexts()[i]->stringify(&std::cerr);
            std::cerr << '\n';
        }
    }

    void log_message(const doctest::MessageData& data) override {
        std::cerr << "# " << data.m_file << ':' << data.m_line << ": "
                  << on_one_line(data.m_string.c_str()) << '\n';
    }

    void test_case_skipped(const doctest::TestCaseData& data) override {
        // Also called for tests that a filter left out; only those with a reason are of interest.
        if (data.m_skip && data.m_description != nullptr) {
            out_ << "ok " << ++number_ << " - " << data.m_name << " # SKIP needs "
                 << data.m_description << '\n';
        }
    }

private:
    static std::string on_one_line(std::string text) {
        for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 3) {
            text.replace(at, 1, "\n#  ");
        }
        return text;
    }

    std::ostream& out_;
    std::string current_;
    int number_ = 0;
};

}  // namespace

REGISTER_REPORTER("tap", 1, TapReporter);
