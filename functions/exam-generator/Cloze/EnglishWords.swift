// SPDX-License-Identifier: Apache-2.0

/// The closed word classes of English, nearly complete.
enum EnglishWords {
    /// Words that open a noun phrase.
    static let determiners = WordList.words(
        """
        the a an each every some any no its their his her our my your both all many few several most
        more other another either neither enough less fewer much whose this these those such same
        certain various numerous
        """
    )

    /// Determiners after which a noun needs the text before it to be understood.
    static let demonstratives = WordList.words("this these those such")

    static let prepositions = WordList.words(
        """
        of in to for with on at from by about into through over after between out against during
        without before under around among within along across behind beyond toward towards upon off
        above below beneath beside besides near inside outside since until till per via like unlike
        throughout despite except onto amid amongst underneath opposite concerning regarding
        """
    )

    static let conjunctions = WordList.words(
        """
        and or but nor yet so because although though while whereas if unless when whenever where
        wherever which who whom that what why how than as whether once lest
        """
    )

    static let pronouns = WordList.words(
        """
        i you he she it we they me him us them myself yourself himself herself itself ourselves
        themselves someone somebody something anyone anybody anything everyone everybody everything
        nobody nothing none one ones oneself others there mine yours hers ours theirs
        """
    )

    /// Forms of be, have and do, and the modal verbs.
    static let auxiliaries = WordList.words(
        """
        is are was were be been being am has have had having do does did can could will would shall
        should may might must cannot ought isn’t aren’t wasn’t weren’t don’t doesn’t didn’t can’t
        couldn’t won’t wouldn’t hasn’t haven’t hadn’t
        """
    )

    static let modals = WordList.words(
        "can could will would shall should may might must cannot do does did don’t doesn’t didn’t"
    )

    static let formsOfBe = WordList.words("is are was were be been being am")

    /// Adverbs that do not end in -ly.
    static let adverbs = WordList.words(
        """
        not also very too only just even still already again always never often sometimes soon then
        thus hence therefore however moreover furthermore nevertheless nonetheless instead otherwise
        meanwhile rather quite almost nearly perhaps maybe here now today later earlier ago away
        back down up forth forward together apart alone once twice everywhere nowhere somewhere well
        far further ever else indeed besides afterwards afterward thereby therein thereafter whereby
        abroad ahead aside altogether anyway about least most more less much so as best worst better
        worse overnight straight upward upwards downward downwards inward outward northward
        southward eastward westward clockwise long fast hard
        """
    )

    /// Words that end in -ly and are no adverbs.
    static let falseAdverbs = WordList.words(
        """
        family assembly reply supply ally fly anomaly monopoly butterfly dragonfly jelly belly bully
        lily italy july homily tally rally doily early daily weekly monthly yearly likely unlikely
        friendly lovely lonely elderly costly deadly lively ugly silly holy multiply apply rely
        imply comply
        """
    )

    /// Numbers from two to twelve, which a question may ask for.
    static let numbers = WordList.words(
        "two three four five six seven eight nine ten eleven twelve"
    )

    /// All other numbers and number-like words.
    static let otherNumbers = WordList.words(
        """
        zero one thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty
        fifty sixty seventy eighty ninety hundred thousand million billion trillion dozen half third
        quarter double hundreds thousands millions billions dozens
        """
    )

    static let months = WordList.words(
        """
        january february march april may june july august september october november december
        """
    )

    static let weekdays = WordList.words(
        "monday tuesday wednesday thursday friday saturday sunday"
    )

    /// Adjectives of nations and the like: capitalised, and no names of anything.
    static let demonyms = WordList.words(
        """
        english french german italian spanish dutch greek roman british american russian chinese
        japanese indian scottish irish welsh swiss swedish danish norwegian finnish polish czech
        hungarian austrian belgian flemish portuguese turkish arab arabic egyptian persian iranian
        jewish christian muslim islamic buddhist hindu catholic protestant orthodox african european
        asian australian canadian mexican brazilian latin soviet ukrainian romanian bulgarian
        serbian croatian korean vietnamese thai mongol mongolian ottoman byzantine babylonian
        assyrian sumerian phoenician carthaginian celtic germanic slavic norse viking victorian
        prussian venetian florentine athenian spartan israeli tunisian algerian moroccan ethiopian
        nigerian kenyan peruvian chilean argentine cuban colombian
        """
    )
}
