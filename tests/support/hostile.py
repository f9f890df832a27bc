"""Markdown and HTML that tries to smuggle scripts, links and images into a lesson."""

from __future__ import annotations

from hypothesis import strategies as st

SNIPPETS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<b onmouseover=alert(1)>bold</b>",
    "<style>body{background:url(http://evil.example)}</style>",
    "<!-- hidden --> text",
    "</style></head><script>",
    "</code></pre><script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt:alert`1`)",
    "[click](  javascript&#58;alert(1))",
    "[click](&#x6A;avascript:alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "[click](vbscript:msgbox)",
    "[click](//evil.example/x)",
    "[click](http://evil.example/?a=b 'title')",
    "[ref][evil]\n\n[evil]: http://evil.example",
    "[evil]: javascript:alert(1)\n\n[evil]",
    "![image](http://evil.example/pixel.png)",
    "![image][evil]\n\n[evil]: http://evil.example/pixel.png",
    "[![image](http://evil.example/p.png)](http://evil.example)",
    "<http://evil.example>",
    "<javascript:alert(1)>",
    "http://evil.example/path.",
    "www.evil.example",
    "`<script>` and ``<b>``",
    "```html\n<script>alert(1)</script>\n```",
    '```"><script>\ncode\n```',
    "    <script>indented</script>",
    "> <div onclick=x>\n> quoted [a](http://evil.example)\n",
    "- item <u>x</u>\n  [b](http://evil.example)\n",
    "| a | <b>b</b> |\n|---|---|\n| [c](http://evil.example) | ![d](http://evil.example/d) |",
    "<scr<b>ipt>alert(1)</scr</b>ipt>",
    "[known](https://good.example/page)",
    "<https://good.example/page>",
    "\\<script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "# Heading <i>x</i>\n",
    "a < b and c > d",
    "{% raw %} ${x} {{y}}",
    "\x1b[31mred\x1b[0m",
    "\x9b2J cleared",
)

hostile = st.lists(
    st.sampled_from(SNIPPETS) | st.text(alphabet="<>[]()!`*_\"'\\&:/ \nahj#>-=", max_size=24),
    min_size=1,
    max_size=6,
).map(" ".join) | st.lists(st.sampled_from(SNIPPETS), min_size=1, max_size=5).map("\n\n".join)
