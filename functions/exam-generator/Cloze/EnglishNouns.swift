// SPDX-License-Identifier: Apache-2.0

/// Nouns that are too general to be asked for, and adjectives that belong to no term.
enum EnglishNouns {
    /// Nouns that make no answer by themselves.
    static let general = WordList.words(
        """
        ability adult patient athlete visitor victim customer count absence access accident account
        act action activity addition advance advantage age agreement aim air amount analysis animal
        answer approach area argument arrangement article aspect attack attempt attention attitude
        author average balance base basis bed beginning behaviour behavior belief benefit bit body
        book bottom box boy branch brother building business calculation call capacity car care
        career case category cause centre center century chain chance change chapter character child
        choice circumstance city claim class clock code collection colour color combination comment
        community company comparison component concept concern conclusion condition conference
        connection consequence construction contact content contents context contrast contribution
        control copy core cost country couple course cover creation crisis crop culture damage
        danger dark data date daughter day deal death debate decade decision decline decrease
        definition degree demand depth description design desire destination destruction detail
        development device difference difficulty dimension direction discovery discussion distance
        division doubt drawing driver drop duty earth ease east edge education effect effort element
        emphasis end engineer entry environment equipment error event evening evidence example
        exchange exercise existence expense experience experiment explanation expression extent face
        fact factor failure fall family fashion father favour favor feature feeling field figure
        film finding finger fire fish floor flow focus food foot force form formation foundation
        frame friend front function future gain game generation girl goal government grade ground
        group growth guide half hand head health heart heat height help history hole home hope hour
        house human hundred husband idea ideal image impact importance improvement inch increase
        individual influence information inside instance instruction interest introduction
        investigation issue item job journey key kind king knowledge label lack land language law
        layer leader learning leg length lesson level library life light limit line link list
        location look loss lot machine mail main majority maker man manner map mark mass master
        match material matter maximum meaning means measure measurement medium meeting member memory
        message method middle mile mind minimum minority minute mistake mixture model moment money
        month mood morning mother mouth movement name nature need network news night north note
        notes notion number object objective observation occasion office operation opinion
        opportunity order organisation organization origin outcome outside pair paper paragraph part
        parts partner party past path pattern pay people percentage performance period permission
        person phase phenomenon photo picture piece place plan play point policy population position
        possibility power practice presence present pressure price principle problem procedure
        process product production programme progress project promise proof property proportion
        proposal protection provision public purpose quality quantity question range rate ratio
        reading reality reason record reduction reference region relation relationship report
        request requirement research resource response rest result return review rise risk river
        road role room root round row rule run sale sample scale scene scheme school science sea
        search season seat second section sector security selection sense sentence sequence series
        service set setting settlement shape share sheet ship shop shortage show side sight sign
        signal significance similarity site situation size skill sky society solution son sort sound
        source south space speaker speed spell spring stage stand standard star start state
        statement status step stock stone stop store story street strength stress structure student
        study stuff style subject substance success sum summer supply support surface surprise
        symbol system table talk target task teacher team technique technology temperature tendency
        term test text theme theory thing thought thousand threat time title today tool top topic
        total touch town trade tradition training treatment tree trend trip trouble truth turn type
        understanding unit university use user value variation variety version victory view village
        visit voice volume wall war waste water wave way weather week weight west whole width wife
        wind window winter woman word work worker world writer writing year yield youth zone
        ancestor answers basics concepts facts learner learners pupil pupils lessons exam exams
        teachers reader readers authors spokesman passage mechanism compound compounds molecule
        organism plant plants species cell thread sides pot letter colleague men women children
        notation usage percent plenty remainder bulk kinds sorts ones
        """
    )

    /// Nouns before which "the" points back at something said earlier.
    static let anaphoric = WordList.words(
        """
        process result machine reaction idea system company cycle method group team experiment law
        theory discovery invention event war battle treaty device model change rule pattern problem
        answer effect article book work study paper report author observation claim arrangement
        difference situation latter former same two three other others first second third last next
        reason solution technique approach mechanism substance material compound molecule structure
        organ organism animal plant tree disease language program list table figure diagram equation
        formula reasons steps stages product products number question format period king queen
        emperor president city country town region area river building ship army government party
        movement ions ion electron particle wave signal message ratio value name term concept
        principle practice policy plan project operation mixture measure element notes cards letter
        colour cell layer part piece object instrument bacteria willow conference census store
        """
    )

    /// Adjectives that never belong to a term.
    static let plainAdjectives = WordList.words(
        """
        able absolute abundant actual additional adequate afraid alive ancient angry annual apparent
        appropriate available average aware bad basic beautiful big bitter black blue bold brief
        bright broad brown busy central certain cheap chief clean clear close cold common comparable
        competitive complete complex considerable constant contemporary continuous convenient
        correct crucial cruel current dangerous dark dead deep dense detailed different difficult
        distant dominant double dry due eager early easy economic effective efficient elderly
        elementary empty endless enormous entire equal essential exact excellent excess expensive
        extra extreme fair faint false familiar famous far fast fat favourite few final fine firm
        first fit flat former forward free frequent fresh full fundamental further future general
        gentle glad global good gradual great green grey gray happy hard harmful healthy heavy
        helpful high higher highest hot huge ideal identical immediate important impossible
        independent individual inferior initial inner intense interesting intermediate internal
        isolated large larger largest last late later latter left less lesser likely limited little
        living local lonely long longer loose loud low lower lowest main major many massive maximum
        mere mild minimum minor missing mobile moderate modern modest moist more most multiple
        narrow native natural near neat necessary new newer next nice normal notable numerous
        obvious occasional odd old older oldest only open opposite ordinary original other outer
        overall own parallel partial particular past perfect permanent personal physical plain
        pleasant political poor popular possible potential powerful practical precise present
        previous primary principal prior private probable proper proud public pure quick quiet rapid
        rare raw ready real reasonable recent red regular related relative relevant reliable
        remarkable remote responsible rich right rough round sad safe same scarce secondary separate
        serious severe shallow sharp short shorter shortest significant similar simple single slight
        slow small smaller smallest smart smooth so-called soft solid special specific stable
        standard steady steep stiff straight strange strict strong stronger strongest subsequent
        substantial successful such sudden sufficient suitable superior sure surplus surrounding
        surprising sweet tall technical temporary tender thick thin tight tiny total tough
        traditional transparent true typical ultimate unable unique universal unknown unlike unusual
        upper urgent useful usual vague valid various vast vertical visible vital warm weak wealthy
        wet white whole wide wild wise wonderful worse worst worth wrong yellow young
        """
    )

    /// Ends of words that mark adjectives, unless the text shows otherwise.
    static let adjectiveSuffixes = [
        "ous", "ful", "able", "ible", "less", "ical", "ic", "ish", "ary", "ive", "ial", "ual",
        "ern", "like",
    ]

    /// Adjectives that are nouns where no noun follows: "an electric current".
    static let nounsToo = WordList.words(
        "current solid liquid public general human individual original square minor potential"
    )

    /// Nouns that end like adjectives.
    static let falseAdjectives = WordList.words(
        """
        boundary binary library dictionary secretary ovary estuary january february capillary salary
        motive native adhesive preservative derivative locomotive executive relative manual
        individual ritual fish radish trial material memorial potential axial mercury commentary
        monastery category cattle nucleus canary missionary anniversary vocabulary military table
        cable variable vegetable fable parable syllable constable archive perspective initiative
        narrative alternative objective additive collective adjective fugitive negative positive
        laxative detective alcoholic mineral cardinal vertebral editorial tutorial burial
        differential exponential fern lantern pattern music logic arithmetic traffic topic fabric
        plastic clinic critic mechanic republic public rhetoric statistic magic panic comic mosaic
        relic ethic tonic picnic metric lyric antibiotic arctic antarctic atlantic pacific tunic
        cleric skeptic virus citrus finish rubbish dish varnish intern modern
        """
    )
}
