"""What people write around the thing they want to learn, in a dozen languages.

`LEADS` begin a goal and may stand behind other words ("I am a nurse and I want to learn ..."); `OPENINGS`
count only at the very beginning; `ENDINGS` at the very end; `FOCUS` parts a subject from what narrows it.
"""

from __future__ import annotations

import re

_TIMES = r"\d{1,3}|an?|one|two|three|four|six|a few|couple of"

_LEADS = r"""
# English
\b(?:i|we)\b[^.!?\n]{0,30}?\b(?:want|wanna|like|love|need|wish|hope|plan|planning|aim|try|
    trying|looking|decided|have|gonna|going|keen|eager|ready|how can|how do|
    should)\b(?: too?)? (?:learn|lern|leran|laern|study|master|understand|explore|improve|practi[sc]e|
    know|start|begin|become|get into|get started with|get (?:better|good) at|get to know|get|pick up|
    dive into|brush up on|speak|find out)(?=\s|$)
\b(?:want|need|wish|hope|have|would like) too? (?:learn|lern|leran|laern|study|understand)(?=\s|$)
\bwanna (?:learn|lern|leran|laern|study|understand)(?=\s|$)
\b(?:i'm|i am|we are|we're)\b[^.!?\n]{0,20}?\b(?:learning|studying|interested in|curious about|
    new to)(?=\s|$)
\b(?:my|our) (?:goal|aim|wish|dream|plan) is (?:to )?(?:learn|study|master|understand|become|
    get)?(?=\s|$)
\b(?:teach|help|show) (?:me|us)(?: to)?(?: (?:learn|understand|study|master))?(?=\s|$)
\bhow (?:do|does|can|could|should|would) (?:i|we|one|you) (?:learn|study|master|understand|start|
    get)(?=\s|$)
# German
\b(?:ich|wir)\b[^.!?\n]{0,20}?\b(?:möchten?|moechte|will|wollen|würden?|wuerde|muss|
    will)\b(?: gerne?| mal| endlich)*(?: mehr)?(?: über)?(?=\s|$)
\b(?:bringe?|bringen sie) (?:mir|uns)(?=\s|$)
\bund (?:möchte|will|würde)(?: gerne?)?(?=\s|$)
\bwie (?:lerne?|kann) (?:ich|man|wir)(?=\s|$)
# French
\b(?:je|j'|nous)\s?(?:veux|voudrais|souhaite|souhaiterais|aimerais|dois|désire|cherche à|
    voulons)(?: bien)?(?: à)? (?:apprendre|étudier|maîtriser|comprendre|découvrir|me former|
    m'initier|devenir)(?: à| au| aux| en)?(?=\s|$)
\b(?:apprenez|apprends|enseigne|enseignez)-moi(?: à)?(?=\s|$)
\bcomment (?:apprendre|maîtriser)(?: à)?(?=\s|$)
# Spanish, Portuguese, Italian
\b(?:yo )?(?:quiero|quisiera|me gustaría|deseo|necesito|queremos) (?:aprender|estudiar|dominar|
    entender|conocer|saber)(?: más)?(?: a| sobre| de)?(?=\s|$)
\b(?:enséñame|enseñame|cómo aprender|como aprender)(?: a| sobre)?(?=\s|$)
\b(?:eu )?(?:quero|queria|gostaria de|desejo|preciso) (?:aprender|estudar|dominar|entender|
    conhecer|saber)(?: mais)?(?: a| sobre| de)?(?=\s|$)
\b(?:ensine-me|me ensine|ensina-me)(?: a| sobre)?(?=\s|$)
\b(?:io )?(?:voglio|vorrei|mi piacerebbe|desidero|devo|vogliamo) (?:imparare|studiare|capire|
    conoscere|padroneggiare)(?: di più)?(?: a| ad| su)?(?=\s|$)
\b(?:insegnami|come imparare)(?: a)?(?=\s|$)
# Dutch, Swedish, Danish
\b(?:ik|wij|we)\b(?: zou| wil| willen| graag| meer)+(?: over)?(?=\s|$)
\bleer (?:mij|me)(?=\s|$)
\b(?:jag|jeg) (?:vill|vil)(?: gerne)? (?:lära mig|lære)(?: om)?(?=\s|$)
# Polish, Czech
\b(?:chcę|chciał[ab]ym|chciał(?:a)?bym|chcemy) (?:się )?(?:nauczyć|uczyć|poznać|
    zrozumieć)(?: się)?(?=\s|$)
\bnaucz mnie(?=\s|$)
\b(?:chci|chtěla? bych) se (?:naučit|učit)(?=\s|$)
# Russian, Ukrainian
\b(?:я |мы )?(?:хочу|хотел бы|хотела бы|хотим|желаю|хочется) (?:выучить|изучить|изучать|учить|
    научиться|освоить|узнать|понять|понимать)(?: о| об| про)?(?=\s|$)
\b(?:научи(?:те)?|помоги(?:те)?) (?:меня|мне)(?: выучить| изучить| освоить)?(?=\s|$)
\bкак (?:выучить|изучить|научиться|освоить)(?=\s|$)
\b(?:я )?хочу (?:вивчити|вивчати|навчитися|опанувати)(?=\s|$)
# Chinese, which writes no spaces
(?:我们|我|咱们)?(?:真的|非常|很|一直)?(?:想要|想|希望|打算|需要|要|準備|准备)
    (?:开始|開始)?(?:学习|學習|学会|學會|学|學|了解|掌握|精通|
    自学)(?:一下|一些|关于|關於|如何|怎么|怎樣|怎样)?
(?:请|請)?(?:教我|教教我|帮我学习|幫我學習)(?:如何|怎么)?(?:学习|學習|学|學)?
(?:如何|怎么|怎样|怎樣)(?:学习|學習|学|學)
# Arabic, Persian, Hebrew, Hindi
(?:أنا )?(?:أريد|اريد|أود|أرغب في|احب|أحب)(?: أن| ان)?(?: أتعلم| اتعلم| تعلم| دراسة| أدرس|
     فهم)(?=\s|$)
(?:علمني|كيف أتعلم|كيف اتعلم)(?=\s|$)
(?:من )?می‌?خواهم(?=\s|$)
(?:אני )?רוצה ללמוד(?=\s|$)
(?:मैं|मुझे)(?=\s|$)
# Indonesian, Vietnamese, Romanian, Hungarian, Finnish
\b(?:saya|aku) (?:ingin|mau) (?:belajar|mempelajari)(?: tentang)?(?=\s|$)
\btôi muốn học(?: về)?(?=\s|$)
\b(?:eu )?vreau să învăț(?: despre)?(?=\s|$)
\bhaluan oppia(?=\s|$)
"""

_OPENINGS = r"""
(?:hi|hello|hey|dear \w+|good (?:morning|evening|day)|hallo|bonjour|hola|olá|ciao|cześć|привет|
    merhaba)(?: there| everyone| all| zusammen)?(?=[\s,!.:-])
(?:please|pls|kindly|bitte|lütfen|пожалуйста|por favor|per favore|proszę)(?=[\s,:]|$)
请|請
(?:can|could|would|will) you(?: please)?(?=\s)
(?:let'?s|let me|i need help with|help with)(?=\s)
(?:learn(?!ing)|lern|leran|laern|speak|understand|explain|tell me about|to learn|to study|start learning|
    start with|get started with|get into|get better at|get good at|get to know|dive into)(?=\s)
study(?=\s)(?! (?:skills|habits|abroad|techniques|design))
(?:an? |the )?(?:introduction|intro|guide|beginner'?s guide) to(?=\s)
(?:the )?(?:basics|fundamentals|essentials|foundations) of(?=\s)
(?:an? )?(?:online |crash |video )?(?:course|tutorial|lessons?|class(?:es)?) (?:in|on|about)(?=\s)
(?:everything|all|more|something|a bit|a little)(?: more)? (?:about|of|on)(?=\s)
(?:about|how to|how do i|how can i|what is|what are|as well)(?=\s)
(?:better|good|fluent|proficient|started|an? expert)(?: at| in| with)(?=\s)
becom(?:e|ing) an?(?=\s)
wie (?:man|ich)(?=\s)
the(?=\s)
# What is left of an infinitive or an article behind a lead.
(?:lernen|erlernen|einführung in)(?=[\s,])
(?:apprendre|apprendre à|introduction à(?: la| l')?|les bases de)(?=\s)
(?:aprender|estudiar|estudar|imparare|studiare|leren|nauka|nauczyć się|изучить|выучить|изучение|
    belajar)(?=\s)
(?:学习|學習|学会|學會|自学|自學)
(?:تعلم|دراسة)(?=\s)
"""

# An article that follows a lead or an opening belongs to the sentence, not to the subject.
_ARTICLES = r"""
(?:an?(?= )(?! (?:cappella|levels?))|some|the|to)(?=\s)
(?:die|das|den|der|ein|eine|einen)(?=\s)
(?:le|la|les|du|des|un|une|el|los|las|una|o|os|as|um|uma|il|lo|gli|i|het|de|een)(?=\s)|l'(?=\w)
"""

_ENDINGS = r"""
[\s,]+(?:please|pls|plz|thanks?(?: you)?(?: (?:so|very) much)?(?: in advance)?|asap|quickly|
    properly|right now)
\s+from (?:scratch|zero|the (?:ground up|beginning|start))
\s+(?:step by step|as (?:fast|quickly|soon) as possible|on my own|by myself)
\s+as an? (?:complete |absolute |total )?(?:beginner|newbie|novice)
\s+for (?:an? )?(?:complete |absolute |total )?(?:beginners?|dummies|newbies|me|myself|free(?: online)?|fun)
\s+as a hobby
# What stood behind it is gone: an address, a name.
(?:\s+(?:of|at|for|with|by|and|or|named|called|von|bei|und|mit|chez|avec|et))+
\s+(?:with)?in (?:the next |about )?(?:@TIMES@) (?:hours?|days?|weeks?|months?|years?)
\s+(?:basics|fundamentals|essentials|tutorial|lessons?|101|(?:online|crash|video) course)
[\s,]+(?:bitte|danke|vielen dank|von grund auf|für anfänger)
\s+(?:lernen|erlernen|verstehen|beherrschen|studieren|wissen|beibringen|bei|kennenlernen)
[\s,]+(?:s'il (?:vous|te) plaît|svp|stp|merci|pour débutants?)
[\s,]+(?:por favor|gracias|obrigad[oa]|per favore|grazie|desde cero|do zero|da zero|
    para principiantes|para iniciantes|per principianti)
[\s,]+(?:alsjeblieft|alstublieft|dank je|leren|proszę|dziękuję|od podstaw|od zera|пожалуйста|
    спасибо|с нуля|tack)
(?:'(?:[yn]?[ıiuü]))?\s+(?:öğrenmek|öğrenmeyi)(?: isti?yorum| istiyoruz)?|[\s,]+(?:lütfen|öğret|
    teşekkürler)
(?:を|が|について(?:もっと)?|の)?\s*
    (?:学び|勉強し|習い|覚え|習得し|マスターし|身につけ|身に付け|理解し|始め|知り|話せるようになり|
    できるようになり)たい(?:です|と思います|と思っています|んです|のですが)?(?:よ|な|ね)?
(?:を|について)?(?:教えて|おしえて)(?:ください|下さい|くれ|ほしい|欲しい)?(?:です)?
を(?:学ぶ|勉強する|学習する|習う|学習したい|マスターする)(?:方法|には)?
の(?:基礎|入門|勉強|学習|使い方|学び方)|入門|お願いします
[\s,]*(?:谢谢|謝謝|可以吗|好吗|吧|的基础知识|基础|入门)
(?:을|를|에 대해(?:서)?)?\s*(?:배우고|공부하고|익히고|알고)\s*싶(?:어요|습니다|어|다)
(?:을|를)?\s*(?:가르쳐|알려)\s*(?:주세요|줘)|
    \s+(?:배우기|공부)
[\s,،]+(?:من فضلك|لو سمحت|شكرا|یاد بگیرم|را یاد بگیرم)
\s+(?:सीखना (?:चाहता|चाहती) (?:हूँ|हूं)|सीखना है|सिखाओ|सिखाइए)
"""

_GOAL_VERBS = (
    "build|make|create|get|become|automate|analy[sz]e|write|develop|do|find|use|solve|process|pass|prepare|travel|"
    "communicate|help|work|understand|improve|read|talk|start|earn|teach|visuali[sz]e|design|program|code|play|pass"
)
_FOCUS = r"""
[\s,]+(?:in order to|so (?:that )?(?:i|we) can|especially|particularly|focus(?:ing|sed|ed)? on|
    with (?:a |the )?focus on)\s+
[\s,]+to (?=(?:@GOAL_VERBS@)\b)
(?<!^how)(?<!^prepare)(?<!^preparing)(?<!^preparation)(?<!^training)(?<!^looking)(?<!^search)
    (?<!^care)(?<!^caring)(?<!^cooking)(?<!^testing)[\s,]+for\s+
[\s,]+(?:für|, um|um)\s+(?=\w)
[\s,]+(?:pour|para|dla|aby|żeby|для|чтобы|voor)\s+
(?<=\w{3})[\s,]+per (?=(?:il|la|lo|l'|i|le|gli|fare|creare|analisi|lavoro|principianti))
(?:用于|用来|用來)|(?<=[A-Za-z+#])(?:来做|做)(?=\w)
\s+(?:من أجل|لأجل)\s+
"""
# The focus comes first: "データ分析のためにPython", "veri analizi için Python".
_FOCUS_FIRST = r"""
# The focus comes first: "データ分析のためにPython", "veri analizi için Python".
のため(?:の|に)
# The focus comes first: "データ分析のためにPython", "veri analizi için Python".
\s+için\s+(?=\w)
# The focus comes first: "データ分析のためにPython", "veri analizi için Python".
\s+के लिए\s+
"""


def _patterns(table: str) -> list[str]:
    """Return the patterns of a table, one a line; comments begin with "#", an indented line goes on."""
    patterns: list[str] = []
    for line in table.replace("@TIMES@", _TIMES).replace("@GOAL_VERBS@", _GOAL_VERBS).splitlines():
        if line.startswith("    "):
            patterns[-1] += line[4:]
        elif line and not line.startswith("# "):
            patterns.append(line)
    return patterns


def _compiled(table: str, frame: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(frame.format(pattern), re.IGNORECASE) for pattern in _patterns(table))


LEADS = _compiled(_LEADS, "(?:{})")
OPENINGS = _compiled(_OPENINGS, "^(?:{})")
ARTICLES = _compiled(_ARTICLES, "^(?:{})")
ENDINGS = _compiled(_ENDINGS, "(?:{})$")
FOCUS = _compiled(_FOCUS, "(?:{})")
FOCUS_FIRST = _compiled(_FOCUS_FIRST, "(?:{})")
