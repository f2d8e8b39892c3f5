# SPDX-License-Identifier: MIT
"""Small templates that pin down what jinja2 and Python do. Used by
make_template_golden.py; each is rendered with VARIABLES."""

VARIABLES = {
    "n": None,
    "t": True,
    "f": False,
    "zero": 0,
    "seven": 7,
    "neg": -3,
    "half": 0.5,
    "big": 9007199254740993,
    "huge": 18446744073709551615,
    "s": "Hello, World",
    "e": "",
    "sp": "  pad\tded \n",
    "uni": "Grüße, 世界! 🙂é",
    "lines": "one\ntwo\r\nthree\n\nfour",
    "html": "<b>\"x\" & 'y'</b>",
    "nums": [3, 1, 2],
    "mixed": [1, "a", None, True, 2.5, [1], {"k": "v"}],
    "words": ["banana", "Apple", "cherry", "apple"],
    "d": {"b": 2, "a": 1, "C": 3, "items": "shadow", "x y": "z"},
    "nested": {"a": {"b": [{"c": "deep"}]}, "keys": 1},
    "people": [
        {"name": "Ann", "age": 30, "city": "Bonn", "tags": ["x"]},
        {"name": "bob", "age": 25, "city": "Aachen", "tags": []},
        {"name": "Cy", "age": 30, "city": "bonn"},
    ],
    "empty_list": [],
    "empty_dict": {},
    "messages": [
        {"role": "system", "content": "sys"},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "yo", "tool_calls": []},
    ],
}

_OPERANDS = [
    "n", "t", "zero", "seven", "neg", "half", "s", "nums", "(1, 'a')", "d", "nope",
]
_BINARY = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=",
           "in", "not in", "and", "or", "is sameas"]


def operator_table():
    for left in _OPERANDS:
        for op in _BINARY:
            for right in _OPERANDS:
                yield f"{left} {op} {right}"


EXPRESSIONS = r"""
1 + 2 * 3
(1 + 2) * 3
2 ** 3 ** 2
-2 ** 2
2 ** -1
0 ** 0
10 // 3
-10 // 3
10 // -3
-10 % 3
10 % -3
7.5 // 2
-7.5 // 2
7.5 % -2
-7.5 % 2
1e16
1e15
123456789012345680.0
0.1 + 0.2
1e-5
0.0001
1e22
1e100
1.0
-0.0
1/3
2**0.5
10**20
2**100
1_000
0x1F
0b101
0o17
0xff_ff
1.5e3
1e3
True + 1
t + t
true and 0
false or none
not 1
not not ''
1 < 2 < 3
1 < 3 < 2
1 == 1.0
true == 1
'a' < 'b'
'Z' < 'a'
'é' > 'z'
[1, 2] < [1, 3]
[1] == [1.0]
(1, 2) == [1, 2]
{'a': 1} == {'a': 1.0}
{'a': 1, 'b': 2} == {'b': 2, 'a': 1}
none == none
nope == nope2
'a' in 'abc'
1 in [1, 2]
'b' in d
'q' not in d
1 in (1, 2)
1 in 'abc'
'x' in nope
1 in 5
'ab' 'cd'
"it's" ~ 'say "hi"'
'a\nb\tc\\d\'e\"f\x41\u00e9\U0001F642\101\q'
'\ud83d\ude42'
'%s and %s' % ('a', 1)
'%d%%' % 5
'%5.2f|%-5d|%05d|%+d|% d' % (3.14159, 42, 42, 42, 42)
'%x %X %#x %o %e %g %c %c' % (255, 255, 255, 8, 12345.678, 0.00001, 65, 'z')
'%r %s' % ('a', none)
'%(a)s-%(b)05.1f' % {'a': 1, 'b': 2}
'%s' % 'x'
'%s' % [1, 'a']
'%s %s' % 'x'
'%s' % (1, 2)
'%d' % 'x'
'%d' % 3.99
'%i' % true
'%.3s|%10s|%-10s|' % ('abcdef', 'r', 'l')
'%*d' % (5, 42)
'%.0f %.0f %.0f' % (0.5, 1.5, 2.5)
'%g %g %g' % (100000, 1000000, 1e-5)
'%G' % 1e-10
'%s' % none
'abc' * 2
2 * 'ab'
'ab' * -1
[1] * 3
(1,) * 2
[1] + [2]
(1,) + (2,)
[1] + (2,)
'a' + 1
1 + 'a'
1 ~ 'a' ~ none ~ 1.0 ~ true
[1, 'a', 2.0, none, true]
(1,)
()
(1, 2)
[]
{}
{'a': 1, 2: [3], none: {'x': ()}}
{'a': 1, 'a': 2}
{[1]: 2}
['it''s']
["it's"]
['it\'s "q"']
['\n\t\\\x00\x7f\xa0é\u200b🙂']
mixed
d
uni
[uni]
nested
people[0]
s[0]
s[-1]
s[99]
s[1:4]
s[:-1]
s[::-1]
s[::2]
s[10:2:-3]
s[-3:]
uni[0:3]
uni[-2]
uni[::-1]
uni|length
nums[0]
nums[-1]
nums[5]
nums[5] is defined
nums[1:]
nums[::-1]
nums[::0]
nums['a']
nums[0.5]
nums[true]
(1, 2, 3)[1:]
range(5)[1:3]
range(5)[::-1]|list
d['a']
d.a
d['nope']
d.nope
d.items
d['items']
d['x y']
d[0]
d[none]
d[1:2]
nested.a.b[0].c
nested['a']['b'][0]['c']
nested.a.b.0.c
nested.x.y
nested.x is defined
nested.keys()|list
nope
nope.x
nope[0]
nope is defined
nope|default('D')
nope.x|default('D')
e|default('D')
e|default('D', true)
n|default('D')
d.nope|default('x')
none.x
none.x is defined
none['x'] is defined
n.x.y
5 .x is defined
s.nope is defined
s.upper
d.pop
d.pop('a')
d.update({})
nums.append(1)
nums.sort()
s.__class__
d.__class__.__mro__
''.__class__ is defined
nums is iterable
'x' if true
'x' if false
('x' if false) is defined
'x' if false else 'y'
1 if 0 else 2 if 0 else 3
(1 if t else 2) + 3
[1, 2, 3] | map('string') | join('-')
-5 | abs
(-5) | abs
-5.5|abs
'abc' is string and not 5 is string
5 is divisibleby 5
5 is divisibleby(2)
3 is odd
4 is even
4 is not even
'a' is in ['a']
1 is eq 1
1 is equalto(1.0)
1 is ne 2
2 is gt 1
2 is ge 2
1 is lt 0
1 is lessthan 3
3 is greaterthan 2
1 is le 1
none is none
n is none
nope is none
t is true
1 is true
f is false
0 is false
t is boolean
1 is boolean
1 is integer
true is integer
1.0 is integer
1.0 is float
true is number
1 is number
'1' is number
'a' is string
'a'|safe is string
d is mapping
nums is mapping
nums is sequence
'abc' is sequence
d is sequence
5 is sequence
nope is sequence
d.keys() is sequence
range(3) is sequence
5 is iterable
nope is iterable
'a' is iterable
d.items() is iterable
namespace(a=1) is iterable
namespace(a=1) is mapping
'abc' is lower
'ABC' is upper
'aBc' is lower
'1' is upper
range is callable
nope is callable
s is callable
'upper' is filter
'nofilter' is filter
'odd' is test
'a'|e is escaped
1 is sameas 1
none is sameas none
true is sameas 1
d is sameas d
nope is undefined
nope is not defined
s is undefined
s|upper
s|lower
s|title
"hello world-foo (bar) [baz] {qux} <quux> o'neil"|title
"hello world o'neil"|capitalize
"it's BIG".title()
s|capitalize
'éa ñ'|title
'straße'|upper
'ﬁn'|upper
'ﬁn ß'|title
'ΑΣ ΑΣΑ Σ'|lower
'İ'|lower|length
'ǆ'|capitalize
'ß'.swapcase()
'ß'.casefold()
'HeLLo'.swapcase()
uni|upper
uni|lower
sp|trim
sp|trim|length
'xxaxx'|trim('x')
sp.strip()
sp.lstrip()
sp.rstrip()
'xyaxy'.strip('xy')
'xyaxy'.lstrip('yx')
'xyaxy'.rstrip('z')
'\u3000a\u2003'.strip()
s.split(', ')
s.split('o', 1)
s.rsplit('o', 1)
s.split('')
'  a  b c '.split()
'  a  b c '.split(none, 1)
'  a  b c '.rsplit(none, 1)
'a,b,,c'.split(',')
'a,b,,c'.split(',', maxsplit=2)
'a,b,,c'.split(sep=',')
''.split()
''.split(',')
lines.splitlines()
lines.splitlines(true)
'a\x0bb\x0cc\x1cd\x85e\u2028f'.splitlines()|length
s.replace('o', '0')
s.replace('o', '0', 1)
'abc'.replace('', '-')
'abc'.replace('', '-', 2)
s|replace('o', '0')
s|replace('o', '0', 1)
5|replace('5', 6)
s.find('o')
s.find('o', 5)
s.find('z')
s.rfind('o')
s.index('W')
s.index('z')
uni.find('世')
s.count('l')
s.count('l', 5)
'aaa'.count('aa')
'abc'.count('')
s.startswith('Hello')
s.startswith(('x', 'He'))
s.startswith('W', 7)
s.endswith('World')
s.endswith(('a', 'd'))
s.startswith(5)
s.removeprefix('Hello')
s.removesuffix('World')
s.removesuffix('x')
s.partition(', ')
s.partition('zz')
s.rpartition('o')
s.rpartition('zz')
'-'.join(['a', 'b'])
'-'.join('abc')
'-'.join([1])
'a'.center(6, '*')
'ab'.center(5)
'a'.ljust(3) ~ '|'
'a'.rjust(3, '.')
'a'|center(5) ~ '|'
'ab'|center(5) ~ '|'
'42'.zfill(5)
'-42'.zfill(5)
'42'.isdigit()
'４２'.isdigit()
'²'.isdigit()
'²'.isdecimal()
'½'.isnumeric()
'一'.isnumeric()
'abc'.isalpha()
'abc1'.isalnum()
'éß世'.isalpha()
' \t'.isspace()
''.isspace()
'Abc Def'.istitle()
'ABC'.isupper()
'abc'.islower()
'a\n'.isprintable()
'é'.isascii()
''.isascii()
s.encode('utf-8')
s.nope()
s.upperr()
'{} {}'.format('a', 1)
'{0} {1} {0}'.format('a', 'b')
'{a}-{b[0]}-{c.x}'.format(a=1, b=[2], c={'x': 3})
'{:>5}|{:<5}|{:^5}|{:*^7}'.format('a', 'b', 'c', 'd')
'{:5d}|{:05d}|{:+d}|{:,}|{:_}|{:x}|{:#X}|{:b}|{:o}|{:c}'.format(42, 42, 42, 1234567, 1234567, 255, 255, 5, 8, 65)
'{:.2f}|{:10.3f}|{:e}|{:g}|{:%}|{:.1%}|{:,.2f}'.format(3.14159, 2.5, 12345.678, 0.0001, 0.5, 0.123, 1234567.891)
'{!r} {!s}'.format('a', 'b')
'{{}} {}'.format(1)
'{} {0}'.format(1)
'{}'.format()
'{x}'.format(y=1)
'{:d}'.format('a')
'{:{}}|'.format('a', 5)
'{:.3}|{:5}|{:<5}|'.format('abcdef', 'ab', 12)
'{:.3}|{:.10}|{}'.format(2.0, 1/3, 1e16)
'{:>6}|{:^6}|{}'.format(true, 'x', true)
'{:d}'.format(true)
'{}'.format(none)
'{:5}'.format(none)
'{'.format()
'}'.format()
nums|length
d|length
5|length
nope|length
uni|count
nums|first
nums|last
e|first
empty_list|first is defined
empty_list|last is defined
'abc'|first
'abc'|last
nums|join
nums|join(', ')
nums|join(1)
mixed|join('|')
'abc'|join('-')
people|join(', ', attribute='name')
nope|join(',')
5|join
nums|sort
words|sort
words|sort(case_sensitive=true)
words|sort(reverse=true)
people|sort(attribute='age')|map(attribute='name')|join(',')
people|sort(attribute='city,age')|map(attribute='name')|join(',')
people|sort(reverse=true, attribute='age')|map(attribute='name')|join(',')
mixed|sort
'hello'|sort|join
d|sort
nums|reverse
nums|reverse|list
'abc'|reverse
d|reverse|list
range(3)|reverse|list
5|reverse
nums|min
nums|max
words|min
words|max
words|max(case_sensitive=true)
people|max(attribute='age')
empty_list|min is defined
nums|sum
[0.1, 0.2]|sum
people|sum(attribute='age')
people|sum('age', 100)
[[1], [2]]|sum(start=[])
['a']|sum
words|unique|list
words|unique(case_sensitive=true)|list
[1, 1.0, true, 'a']|unique|list
people|unique(attribute='city')|map(attribute='name')|list
people|map(attribute='name')|list
people|map(attribute='tags.0')|list
people|map(attribute='tags', default='none')|list
people|map(attribute='nope', default=5)|list
words|map('upper')|list
words|map('replace', 'a', 'b')|list
words|map('nofilter')|list
words|map
words|map|list
nums|map('int')|sum
people|selectattr('tags')|map(attribute='name')|list
people|selectattr('age', 'equalto', 30)|map(attribute='name')|list
people|selectattr('age', '>', 26)|map(attribute='name')|list
people|selectattr('nope', 'defined')|list
people|rejectattr('age', 'eq', 30)|map(attribute='name')|list
people|rejectattr('tags')|map(attribute='name')|list
nums|select('odd')|list
nums|reject('odd')|list
[0, 1, '', none, 'a']|select|list
[0, 1, '', none, 'a']|reject|list
nums|select('divisibleby', 2)|list
nums|select('notest')|list
nums|select('odd')|length
nums|select('odd') is sequence
(nums|select('odd')) and 'truthy'
(empty_list|select('odd')) and 'truthy'
nums|select('odd')|first
nums|select('odd')|last
messages|selectattr('role', 'equalto', 'user')|map(attribute='content')|first
messages|selectattr('role', 'in', ['user', 'system'])|list|length
messages|map(attribute='role')|join(' ')
people|groupby('city')|map('first')|list
people|groupby('city')
people|groupby('age')|map(attribute='grouper')|list
people|groupby('tags', default='q')|length
people|groupby('city', case_sensitive=true)|map(attribute='list')|map('length')|list
range(7)|batch(3)|list
range(7)|batch(3, 'x')|list
range(7)|slice(3)|list
range(7)|slice(3, 'x')|list
range(7)|slice(0)|list
d|dictsort
d|dictsort(true)
d|dictsort(false, 'value')
{'b': 1, 'a': 2}|dictsort(by='value', reverse=true)
nums|dictsort
d|items|list
nope|items|list
5|items
5|items|list
d.items()
{'a': 1}.items()
{'a': 1}.keys()
{'a': 1}.values()|list
{'a': 1}.items()|list
{'a': 1}.get('a')
{'a': 1}.get('b')
{'a': 1}.get('b', 'c')
{'a': 1}.copy()
{'a': 1}.keys()|length
{'a': 1}.items()|first
d|list
'abc'|list
(1, 2)|list
range(3)|list
range(3)
range(1, 4)
range(5, 0, -2)|list
range(0)
range(1000000)
range('a')
range(1, 2, 0)
range(3)|string
5|string
none|string
1.50|string
true|string
nums|string
'5'|int + 1
'5.7'|int
5.7|int
-5.7|int
'abc'|int
'abc'|int(9)
'ff'|int(0, 16)
'0xff'|int(0, 16)
'0b11'|int(0, 0)
' 12 '|int
'1_000'|int
'1e3'|int
true|int
none|int
[]|int
nope|int
'5.5'|float
'abc'|float
'abc'|float(1.5)
5|float
'inf'|float
'nan'|float
none|float
true|float
'1e400'|float
42.55|round
42.55|round(1)
42.55|round(1, 'floor')
42.51|round(1, 'ceil')
2.5|round
3.5|round
0.5|round
-2.5|round
2.675|round(2)
1234|round(-2)
1250|round(-2)
42|round
42|round(1)
5|round(0, 'floor')
'a'|round
1234567|filesizeformat
1|filesizeformat
999|filesizeformat
1536|filesizeformat(true)
1e10|filesizeformat
'foo bar baz qux'|truncate(9)
'foo bar baz qux'|truncate(9, true)
'foo bar baz qux'|truncate(11)
'foo bar baz qux'|truncate(11, false, '...', 0)
'foo bar baz qux'|truncate(5, true, '', 0)
'foo'|truncate(2)
uni|truncate(6, true, '…', 0)
'a\nb\n\nc'|indent
'a\nb\n\nc'|indent(2, true)
'a\nb\n\nc'|indent(2, blank=true)
'a\nb'|indent('>> ')
''|indent
'a\n'|indent
5|indent
'The quick brown fox jumps over the lazy dog'|wordwrap(15)
'The quick-brown fox--jumps over'|wordwrap(9)
'aaaaaaaaaaaaaaaaaaaa bb'|wordwrap(6)
'aaaaaaaaaaaaaaaaaaaa bb'|wordwrap(6, false)
'a b\nc d e f'|wordwrap(3, true, '<br>')
'one-two-three-four'|wordwrap(8)
'one-two-three-four'|wordwrap(8, break_on_hyphens=false)
'x'|wordwrap(0)
'Hello big, wide world'|wordcount
uni|wordcount
'<p>a  <b>b</b>\n c</p> &amp; &lt; <!-- x <i> --> d'|striptags
'a < b'|striptags
'a b/c?d=é&f'|urlencode
{'a b': 'c/d', 'e': 1}|urlencode
[('a', 1), ('b', 'x y')]|urlencode
5|urlencode
{'class': 'a"b', 'id': none, 'n': 5, 'u': nope}|xmlattr
{'class': 'a'}|xmlattr(false)
{'a b': 1}|xmlattr
{}|xmlattr
html|e
html|escape
html|safe
html|e|e
html|forceescape
html|e|forceescape
html|e|upper
(html|safe) + '<i>'
'<i>' + (html|safe)
(html|safe) ~ '<i>'
'%s' % (html|safe)
('%s'|safe) % '<i>'
('%s'|safe) % ('<i>', )
'<b>%s</b>'|safe|format('<i>')
'<b>%s</b>'|format('<i>')
('{}'|safe).format('<i>')
'<i>'.join(['a', 'b']|map('e'))
('<i>'|safe).join(['<a>', 'b'])
['<a>'|safe, 'b']|join('<i>')
[html|safe]
('a'|safe)|replace('a', '<b>')
('a'|safe).replace('a', '<b>')
('<a>'|safe)[1:]
('<a>'|safe)|list
('<a>'|safe).split('a')
('<a>'|e)|length
('a'|safe) * 2
('a'|safe) == 'a'
{'a': 1}[('a'|safe)]
('a'|safe)|string is escaped
('a'|safe)|upper is escaped
('a'|safe)|trim is escaped
('a'|safe)|tojson
'%s %s'|format('a', 'b')
'%(x)s'|format(x=1)
'%s'|format(1, x=2)
mixed|tojson
d|tojson
uni|tojson
uni|tojson(ensure_ascii=true)
'\u0000\u001f\u007f\u0080\u2028"\\/\b\f\n\r\t<>&\''|tojson
nested|tojson(indent=2)
nested|tojson(indent=4)
nested|tojson(indent=0)
nested|tojson(indent='--')
nested|tojson(separators=(',', ':'))
nested|tojson(indent=2, separators=(',', ': '))
d|tojson(sort_keys=true)
{1: 2, none: 3, true: 4, 1.5: 5}|tojson
{(1, 2): 3}|tojson
(1, 2)|tojson
range(3)|tojson
1e16|tojson
1.0|tojson
huge|tojson
big + 1
huge + 1
huge * huge
nope|tojson
namespace(a=1)|tojson
d.items()|tojson
nums|map('string')|tojson
[[], {}, [[]], '']|tojson(indent=1)
'inf'|float|tojson
'nan'|float|tojson
{'b': [1, 2], 'a': {'z': 1, 'y': 2}}|pprint
'abc'|pprint
[['aaaaaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbbbbbbb'], ['cccccccccccccccccccccccc', 'dddd']]|pprint
{'kkkkkkkkkkkkkkkkkkkkkkkkk': 'aaaaaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbb': [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]}|pprint
d|attr('items')
s|attr('upper')
s|attr('nope') is defined
d|attr('a') is defined
namespace(a=1)|attr('a')
nums|random
s|urlize
s|nofilter
s is notest
s|d('x')
dict(a=1, b=2)
dict([('a', 1), ('b', 2)])
dict({'a': 1}, b=2)
dict([1])
dict.fromkeys(['a', 'b'], 0)
namespace(a=1, b='x')
namespace({'a': 1}, b=2).b
namespace(a=1).nope is defined
namespace(_a=1)
namespace(5)
cycler('a', 'b').next()
cycler()
joiner(' ')()
raise_exception('my words')
raise_exception()
strftime_now('%Y-%m-%d')
strftime_now('%d %b %Y %B %H:%M:%S %I %p %A %a %j %y %w %% %U %W %V %G %u %e')
strftime_now('%-d %-m %-H %D %F %T %R %x %X %c')
lipsum is callable
nope()
5()
s()
nums.index(1)
nums.index(9)
nums.count(1)
nums.copy()
(1, 2).index(2)
mixed.count(1)
[1,2,3,][0]
(1,2,)
{'a':1,}
{'a': [1, 2, {'b': (1,)}]}['a'][2].b[0]
'a' if 1 > 2 else ('b' if 2 > 1 else 'c')
not 1 == 2
not (1 in [1])
1 + 2 ~ 3 * 4
'a' ~ 1 + 2
1 - -1
- - 1
+1
-'a'
+n
--5|abs
1.5.x is defined
1 .bit_length()
{'a': none}.a is none
{'a': none}.a.b is defined
[none][0]
[[1, 2], [3]]|map('sum')|list
[[1, 2], [3]]|map('first')|list
['a', 'b']|map('upper')|map('lower')|join
['1', '2']|map('int')|list
[{'a': {'b': 1}}, {'a': {'b': 2}}]|map(attribute='a.b')|list
[[1, 2], [3, 4]]|map(attribute=1)|list
[[1, 2], [3, 4]]|map(attribute='1')|list
'a,b'.split(',')|last
'x'.join(['a'] * 3)
'%s' % ('a',) ~ 'b'
(1, 2) + (3,)
((1, 2), 3)[0][1]
[1, 2, 3][-2:]
'abc'[1]
'abc'[1:][0]
'abcdef'[4:1:-1]
'abc'[:]
'abc'[5:]
'abc'['a':]
'abc'[none:2]
nums|list|length
s|length > 5 and s|first == 'H'
s|wordcount == 2
true|tojson
none|tojson
'a' == 'a' == 'a'
1 != 2 != 1
'1' == 1
[] == ()
not []
not {}
not ''
not 0.0
not none
[] or 'x'
{} or []
0 and nope.x
1 or nope.x
nope or 'fallback'
nope and 1
nope == none
nope == ''
nope ~ 'x'
nope + 'x'
nope in [nope]
[nope]
{'a': nope}
nope|string
nope|upper
nope|trim
nope|list
nope|sort
nope|map('upper')|list
nope|replace('a', 'b')
nope|dictsort
nope|first is defined
nope|e
nope|abs
nope|float
nope < 1
-nope
nope[1:]
nope.x.y
"a" 'b' "c"
'{}'|format
x.y.z is defined
s is string is true
loop
loop.index
self
varargs
caller
_
_x is defined
lambda
class
None is none
True
False
None
none
TRUE
""".strip().splitlines()


STATEMENTS = r"""
{% if 1 %}a{% endif %}
{% if 0 %}a{% elif 1 %}b{% else %}c{% endif %}
{% if nope %}a{% else %}b{% endif %}
{% if nope is defined and nope.x %}a{% endif %}b
{% for i in nums %}{{ i }},{% endfor %}
{% for i in [] %}x{% else %}empty{% endfor %}
{% for i in nums %}x{% else %}empty{% endfor %}
{% for i in nope %}x{% else %}empty{% endfor %}
{% for i in 5 %}x{% endfor %}
{% for i in none %}x{% endfor %}
{% for c in 'aé🙂' %}[{{ c }}]{% endfor %}
{% for k in d %}{{ k }} {% endfor %}
{% for k, v in d.items() %}{{ k }}={{ v }} {% endfor %}
{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }} {% endfor %}
{% for k, v in d|items %}{{ k }}={{ v }} {% endfor %}
{% for k, v in d|dictsort %}{{ k }}={{ v }} {% endfor %}
{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}
{% for a, b in [(1,)] %}{{ a }}{% endfor %}
{% for a, b in ['xy', 'zw'] %}{{ b }}{{ a }}{% endfor %}
{% for a, b in nums %}{{ a }}{% endfor %}
{% for i in nums if i > 1 %}{{ loop.index }}:{{ i }}/{{ loop.length }}{{ ',' if not loop.last }}{% endfor %}
{% for i in nums if i > 9 %}x{% else %}none{% endfor %}
{% for i in nums %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }} {% endfor %}
{% for i in nums %}{{ loop.previtem }}-{{ i }}-{{ loop.nextitem }} {% endfor %}
{% for i in nums %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }}{% endfor %}
{% for i in range(5) %}{{ loop.cycle('a', 'b') }}{% endfor %}
{% for i in [1, 1, 2] %}{{ loop.changed(i) }}{% endfor %}
{% for i in nums %}{{ loop.nope is defined }}{{ loop }}{% endfor %}
{% for i in nums|select('odd') %}{{ i }}{{ loop.length }}{{ loop.last }}{% endfor %}
{% for i in nums %}{% for j in nums %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}
{% for i in nums %}{% set outer = loop %}{% for j in nums %}{{ outer.index }}.{{ loop.index }} {% endfor %}{% endfor %}
{% for i in range(10) %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% for i in range(6) %}{% if i % 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}
{% for i in range(3) %}{% for j in range(3) %}{% if j == 1 %}{% break %}{% endif %}{{ i }}{{ j }} {% endfor %}{% endfor %}
{% for i in [] %}{% else %}{% for j in [1] %}{% break %}{% endfor %}x{% endfor %}
{% for i in [1, 2] %}{% for j in [] %}{% else %}{% break %}{% endfor %}{{ i }}{% endfor %}
{% break %}
{% for i in [1] %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}
{% set x = 1 %}{% for i in nums %}{% set x = x + i %}{{ x }} {% endfor %}{{ x }}
{% set ns = namespace(x=1) %}{% for i in nums %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}
{% set ns = namespace() %}{% set ns.a = 1 %}{{ ns.a }}{{ ns.b is defined }}{{ ns }}
{% set ns = namespace(a=1) %}{% for i in nums if not ns.stop %}{{ i }}{% set ns.stop = true %}{% endfor %}
{% set d.x = 1 %}
{% set nope.x = 1 %}
{% set ns = namespace() %}{% set ns._x = 1 %}
{% set a, b = 1, 2 %}{{ a }}{{ b }}
{% set a, b = [1, 2] %}{{ a }}{{ b }}
{% set (a, b) = (1, 2) %}{{ a }}{{ b }}
{% set a = 1, 2 %}{{ a }}
{% set a = (1, 2) %}{{ a }}
{% set a, b = 1 %}{{ a }}
{% set ns = namespace() %}{% set ns.a, ns.b = 1, 2 %}{{ ns.a }}{{ ns.b }}
{% set x %}a{{ 1 + 1 }}b{% endset %}{{ x }}{{ x is string }}
{% set x | upper %}a{{ 1 }}b{% endset %}{{ x }}
{% set x | trim | upper %} ab {% endset %}[{{ x }}]
{% set x | replace('a', 'b') %}aa{% endset %}{{ x }}
{% set x %}{% set y = 1 %}{{ y }}{% endset %}{{ y is defined }}{{ x }}
{% if true %}{% set x = 5 %}{% endif %}{{ x }}
{% if false %}{% set seven = 5 %}{% endif %}{{ seven }}
{% for i in [1] %}{% if true %}{% set q = 5 %}{% endif %}{{ q }}{% endfor %}{{ q is defined }}
{% set s = s ~ '!' %}{{ s }}
{% set x = x %}{{ x is defined }}
{% for i in [1, 2] %}{{ y is defined }}{% set y = i %}{{ y }}{% endfor %}
{% for x in [1] %}{% endfor %}{{ x is defined }}
{% set x = 9 %}{% for x in [1] %}{{ x }}{% endfor %}{{ x }}
{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}
{% set a = 5 %}{% with a = 1, b = a %}{{ b }}{% endwith %}
{% with %}{% set z = 1 %}{{ z }}{% endwith %}{{ z is defined }}
{% with a, b = (1, 2) %}{{ a }}{{ b }}{% endwith %}
{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }} {{ m(1, 3) }} {{ m(b=5, a=6) }} {{ m() }}
{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(7) }}
{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}{{ m(none) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(c=2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}
{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}
{% macro m(a) %}{{ a }}{{ varargs|length }}{% endmacro %}{{ m(1, 2, 3) }}
{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}body{% endcall %}
{% macro m() %}{{ caller(1, 2) }}{% endmacro %}{% call(a, b=5) m() %}{{ a }}{{ b }}{% endcall %}
{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}
{% macro m() %}x{% endmacro %}{% call m() %}body{% endcall %}
{% macro m(x) %}[{{ caller() }}{{ x }}]{% endmacro %}{% set y = 3 %}{% call m(x=1) %}{{ y }}{% endcall %}
{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}
{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}
{% macro m() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ m() }}{% set x = 2 %}{{ m() }}
{% macro m() %}{% set x = 5 %}{{ x }}{% endmacro %}{{ m() }}{{ x is defined }}
{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}B{% endmacro %}{{ a() }}
{{ m() }}{% macro m() %}x{% endmacro %}
{% macro m() %}a{% endmacro %}{{ m }}{{ m.name }}{{ m is callable }}
{% macro m(x) %}{% for i in x %}{{ i }}{{ loop.last }}{% endfor %}{% endmacro %}{{ m([1, 2]) }}
{% macro m() %} a {% endmacro %}{{ m()|trim }}|{{ m()|upper }}|{{ m() ~ 'x' }}|{{ m() is string }}
{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(*[1, 2]) }}{{ m(**{'a': 3, 'b': 4}) }}
{% macro m(a=1, b) %}{% endmacro %}
{% macro m(loop) %}{{ loop }}{% endmacro %}{{ m(1) }}
{% for i in [1, 2] %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}
{% set m = namespace() %}{% for i in [1, 2] %}{% macro q() %}{{ i }}{% endmacro %}{% set m.q = q %}{% endfor %}{{ m.q() }}
{% filter upper %}abc{{ s }}{% endfilter %}
{% filter replace('a', 'b')|upper %}banana{% endfilter %}
{% filter trim %}  x  {% endfilter %}
{% filter nofilter %}x{% endfilter %}
{% for x in [{'v': 1, 'c': [{'v': 2, 'c': [{'v': 3}]}]}] recursive %}{{ x.v }}@{{ loop.depth }}{% if x.c %}({{ loop(x.c) }}){% endif %}{% endfor %}
{% for x in [1] %}{{ loop([2]) }}{% endfor %}
{% print 1, 'a' %}
{% raw %}{{ x }}{% if %}{% endraw %}
{%- raw -%}  {{ x }}  {%- endraw -%}
{% raw %}
 a
{% endraw %}
b
{# comment #}a{#- c -#} b
{# multi
line {{ x }} #}x
a {#- c #} b
{% generation %}a{{ 1 }}{% endgeneration %}b
{% for i in [1, 2] %}{% generation %}{{ i }}{{ loop.last }}{% set q = 1 %}{% endgeneration %}{{ q is defined }}{% endfor %}
{% autoescape false %}{{ html }}{% endautoescape %}
{% block b %}x{{ s }}{% endblock %}
{% block b %}{% set z = 1 %}{{ z }}{% endblock b %}{{ z is defined }}
{% set q = 1 %}{% for i in [1] %}{% block b %}{{ q }}{{ i is defined }}{% endblock %}{% endfor %}
{% set c = cycler('a', 'b', 'c') %}{{ c.current }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.next() }}
{% set j = joiner('|') %}{% for i in nums %}{{ j() }}{{ i }}{% endfor %}
{% set x = nums|map('string') %}{{ x|join }}{{ x|join }}
{% set x = people|selectattr('nope.q', 'defined') %}unused
{% set x = people|selectattr('nope.q', 'defined')|list %}unused
{% set x = [1, 0, 2]|map('nofilter') %}ok{% if false %}{{ x|nofilter }}{% endif %}
{% if false %}{{ 1|nofilter }}{% endif %}ok
{% if true %}{{ 1|nofilter }}{% endif %}ok
{% if 'nofilter' is filter %}{{ 1|nofilter }}{% else %}no{% endif %}
{{ 1|nofilter if false else 2 }}
{% if false %}{% for i in nums %}{{ 1|nofilter }}{% endfor %}{% endif %}ok
{% if false %}{% if 1 is notest %}{% endif %}{% endif %}ok
{{ s
  | upper
}}
{{- s -}}
  {{- s -}}  
 {{ s }} 
{%- if true -%} x {%- endif -%}
{{ '{{' }}{{ '}}' }}{{ '{%' }}
{{ {'a': {'b': 1}}}}
{{ {'a': {'b': 1}}.a.b }}
{{ "}}" }}{% set x = "%}" %}{{ x }}
{{ -1 }}{{+ 1 }}
{{-1}}
{% if true: %}x{% endif %}
{% for i in nums: %}{{ i }}{% endfor %}
{{ 'unclosed }}
{{ 1
{% if true %}
{% endif %}
{% endfor %}
{% if 1 %}{% endfor %}
{% for i in %}{% endfor %}
{% unknown %}
{% include 'x' %}
{% import 'x' as y %}
{% extends 'x' %}
{% do 1 %}
{{ 1 2 }}
{{ (1 }}
{{ 1) }}
{{ [1) }}
{{ 'a' 'b }}
{{ 1 + }}
{{ }}
{{ a.b. }}
{{ a[1 }}
{{ f(a=1, 2) }}
{{ f(**a, *b) }}
{{ a ? b }}
{{ a! }}
{{ $ }}
{{ 1 is 2 }}
{{ x is }}
{{ x | }}
{% set 1 = 2 %}
{% set none = 2 %}
{% set a.b.c = 2 %}
{% set a[0] = 2 %}
{% macro %}{% endmacro %}
{% raw %}abc
{# abc
{{ '\x4' }}
{{ '\N{BULLET}' }}
{% set x = 1 -%}   y
{%+ if true %}x{%+ endif %}
a {%+ if true +%} b {% endif %}
   {% if true %}
   x
   {% endif %}
   y
	{% if true %}
	x
	{%- endif %}
  {{ s }}
  {# c #}
  z
a{% if true %}

b{% endif %}

c
  {%- set x = 1 %}
  {{ x }}
x {% set y = 1 %} y
{% for i in nums %}
{{ i }}
{% endfor %}
{% for i in nums -%}
  {{ i }}
{%- endfor %}
  {%+ set q = 1 %}z
{{ 1 }}
{% if true %}{% endif %}
{{ 2 }}
{%if true%}x{%endif%}
{%-if true-%}x{%-endif-%}
{{s}}
{{s|upper}}{{s|length}}
""".strip("\n").split("\n")


# Templates where line ends matter, and others of more than one line.
MULTILINE = [
    "a\n",
    "a\n\n",
    "a\r\n",
    "a\r\nb\rc\n",
    "\n",
    "",
    "{{ s }}\n",
    "{% if true %}\na\n{% endif %}\n",
    "{% if true %}\r\na\r\n{% endif %}\r\n",
    "{%- if true %}\n a\n{%- endif %}\n",
    "x\n  {%- if true %}\n a\n  {%- endif %}\ny",
    "x\n  {% if true -%}\n a\n  {% endif -%}\ny",
    "x\n  {%+ if true %}\n a\n  {%+ endif %}\ny",
    "x\n  {% if true +%}\n a\n  {% endif +%}\ny",
    "x  {% if true %}  y  {% endif %}  z",
    "  {% if true %}y{% endif %}  z",
    "  {{ s }}  \n  {{- s }}\n{{ s -}}  \n x",
    "a\n\n\n  {% set x = 1 %}\n\n\nb",
    "a \t {# c #}\nb",
    "a\n \t {# c #}\nb",
    "a\n \t {#- c -#}\n b",
    "a\n {# c +#}\nb",
    "{# c #}\n{# d #}\n\nb",
    "{% raw %}\n  {{ x }}\n{% endraw %}\nb",
    "  {% raw %}\n  {{ x }}\n  {% endraw %}\nb",
    "  {%- raw -%}\n  {{ x }}\n  {%- endraw -%}\nb",
    "a {% raw +%} x {% endraw %}",
    "{% raw %}{% raw %}{% endraw %}",
    "{% raw %}{% endraw x %}{%endraw%}",
    "{%raw%}x{%   endraw   %}y",
    "{{ 'a\nb' }}",
    "{{ 'a\r\nb' }}",
    "{{ 'a\\\nb' }}",
    "{% set x = [\n  1,\n  2\n] %}\n{{ x }}\n",
    "{{ [1,\n2] }}\n\n{{ x.\ny is defined }}",
    "\ufeff{{ s }}",
    "a\u00a0{%- if true %}x{% endif %}",
    "a\u2003\n\u2003{% if true %}x{% endif %}",
    "a\x0b\n\x0b{% if true %}x{% endif %}",
    "{% for i in nums %}\n  {% if i == 1 %}\n    {% continue %}\n  {% endif %}\n- {{ i }}\n{% endfor %}\nend",
    "{% macro m(x) -%}\n  <{{ x }}>\n{%- endmacro %}\n{{ m(1) }}\n{{ m('a') }}\n",
    "{% macro m(x) %}\n  <{{ x }}>\n{% endmacro %}\n[{{ m(1) }}]",
    "{% set x %}\n  a\n{% endset %}\n[{{ x }}]",
    "{% filter indent(2) %}\na\nb\n{% endfilter %}\nc",
    "{%- for m in messages %}\n{{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>' + '\\n' }}\n{%- endfor %}",
    "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "{% for m in messages %}{% if loop.first and m['role'] != 'system' %}{{ 'S' }}{% endif %}{{ m['content'] }}{% endfor %}",
    "{{ messages[0]['role'] }} {{ messages[-1].content }} {{ messages[1:]|length }} {{ messages[::-1][0].role }}",
    "{% set m = messages %}{% if m[0]['role'] == 'system' %}{% set system = m[0]['content'] %}{% set m = m[1:] %}{% endif %}{{ system }}{{ m|length }}",
    "{% if not (messages[0].role == 'user') != (1 % 2 == 0) %}a{% else %}b{% endif %}",
    "{{ é }}{% set é = 1 %}{{ é }}",
    "{{ a１ is defined }}",
    "{% set x = '''a''' %}{{ x }}",
    "{{ 1.e5 is defined }}",
    "{{ 1..5 }}",
    "{{ 07 }}",
    "{{ 1__0 }}",
    "{{ 5|string|length ~ 5.|string }}",
    "{%set x=1%}{%   set   y   =   2   %}{{x}}{{y}}",
    "{{ x }}{{{}}}",
    "{{ {} }}{{ {}|length }}",
    "{ { x } } { % x % } # {",
    "{%- -%}",
    "{{- -}}",
    "{##}a{#-#}b{#--#}c",
    "{% if true %}{# {% endif %} #}x{% endif %}",
    "{{ '{# no comment #}' }}",
    "{{ \"{{ 'x' }}\" }}",
    "%}{{ s }}}}",
    "{% with x = 1 %}\n{{ x }}\n{% endwith %}\n",
    "{{ 'a' if t }}{{ 'b' if f }}|",
    "{% set a = 'x' if f %}{{ a is defined }}|{{ a }}",
]
